# What the order service may do: announce itself, and find those that it calls.
service "order" {
  policy = "write"
}
service "customer" {
  policy = "read"
}
service "product" {
  policy = "read"
}
node_prefix "" {
  policy = "read"
}
