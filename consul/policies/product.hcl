# What the product service may do. It calls nobody.
service "product" {
  policy = "write"
}
