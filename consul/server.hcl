# A Consul server in a container, with ACLs. Its management and agent tokens come from a second
# file, which is a secret. Everything here is known to Consul 1.8 as well as to the newest.
datacenter = "dc1"
node_name  = "consul"
server     = true
bootstrap_expect = 1

data_dir    = "/consul/data"
client_addr = "0.0.0.0"

# A restart takes up what was known; leaving would take the only server out of its own raft.
leave_on_terminate      = false
skip_leave_on_interrupt = true
disable_update_check    = true

acl {
  enabled        = true
  default_policy = "deny"
  # While the policies cannot be read, those that were read go on.
  down_policy    = "extend-cache"
}

dns_config {
  only_passing     = true
  udp_answer_limit = 32
  # Without a leader the last known instances are better than none.
  allow_stale = true
  max_stale   = "87600h"
}

performance {
  raft_multiplier = 1
}
