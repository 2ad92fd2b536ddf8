# What may be done without a token: find out who is where, and how it is. DNS has no tokens, so the
# edge lives by this; so do the UI, for those who only look, and Prometheus.
service_prefix "" {
  policy = "read"
}
node_prefix "" {
  policy = "read"
}
