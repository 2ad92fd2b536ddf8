# What an agent does for itself: keep its node and the checks of its services in the catalog.
node_prefix "" {
  policy = "write"
}
service_prefix "" {
  policy = "read"
}
