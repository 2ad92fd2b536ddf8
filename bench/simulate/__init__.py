"""The peer layer at 10, 100 and 1000 instances: discrete events, no sockets, no wall clock.

What calls is the real ``PeerClient`` with its pool, breakers, budget and balancer. Only the socket
and the sleep are replaced, so that time is that of an agenda. The same seed gives the same run.
"""
