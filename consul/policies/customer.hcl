# What the customer service may do. It calls nobody.
service "customer" {
  policy = "write"
}
