# An agent that goes takes its node along, so that its successor may have the node's name. The
# services on that node announce themselves again within 3 s; until then others are called.
leave_on_terminate = true
