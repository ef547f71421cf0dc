# SPDX-License-Identifier: BSD-2-Clause
"""What the integration tests stand on: real servers in a world of their own.

world   namespaces, addresses, temporary folder, processes, the end of all
wait    polling with a deadline, instead of sleeping
tap     one named case per row, and what was seen when it fails
dns     a small responder on 127.0.0.1:53
nsd     a real name server with t/data/zones, and one that behaves badly
sign    keys, and messages signed by other people's programs
opendkim  a private one, which signs or verifies
corpus  signed and sealed messages, and what each is worth
results Authentication-Results read back
site    one MTA with its milter
smtp    a client that keeps the exact lines it read
redis   redis-server and its sentinel, with the ways to break them
postfix, sendmail   private instances, nothing of the host is touched
milter  our milter, and the scripted ones of the tests
wire    the milter protocol spoken without an MTA
"""
