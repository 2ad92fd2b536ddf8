# What servers and clients have in common. The gossip key and the agents' token are a Secret.
data_dir    = "/consul/data"
client_addr = "0.0.0.0"
retry_join  = ["consul-server-0.consul-server", "consul-server-1.consul-server", "consul-server-2.consul-server"]

disable_update_check = true

ports {
  dns      = -1
  grpc     = -1
  grpc_tls = -1
  serf_wan = -1
}

acl {
  enabled        = true
  default_policy = "deny"
  # While the policies cannot be read, those that were read go on.
  down_policy = "extend-cache"
}

performance {
  raft_multiplier = 1
}
