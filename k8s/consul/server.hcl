server           = true
bootstrap_expect = 3

ui_config {
  enabled = true
}

# A restarted server takes up its data again. Leaving would take it out of the raft.
leave_on_terminate = false
