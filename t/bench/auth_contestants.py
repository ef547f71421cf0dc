# SPDX-License-Identifier: BSD-2-Clause
"""The milters that bench_auth.py compares, each with a name server to ask.

Each does what its documents say gives the same service: SPF, DKIM, DMARC (and
ARC, where it knows it), an Authentication-Results field, nobody refused, quiet
logs, a unix socket.
"""

import os
import shutil
import signal

import table
from harness.milter import Reprieve
from harness.world import run, wait_listening

SERVICE = "mx.example.net"
SUFFIXES = "/usr/share/publicsuffix/public_suffix_list.dat"
PLUGINS = "/usr/share/rspamd/plugins"
LANGUAGES = "/usr/share/rspamd/languages"
MODULES = ("spf", "dmarc", "arc", "multimap", "milter_headers")

# rspamd's own rules are not loaded: only the modules named here run.
RSPAMD = """\
options {{
  pidfile = "{dir}/pid"; url_tld = "{dir}/suffixes"; filters = "dkim";
  tempdir = "{dir}"; control_socket = "{dir}/control mode=0600";
  cache_file = "{dir}/symbols"; dynamic_conf = "{dir}/dynamic";
  history_file = "{dir}/history"; stats_file = "{dir}/stats";
  hs_cache_dir = "{dir}"; explicit_modules = [];
  local_addrs = ["127.0.0.0/8"];
  dns {{ nameserver = ["{dns}:53"]; timeout = 2s; sockets = 16;
    retransmits = 5; }}
}}
lua = "{dir}/rules.lua";
logging {{ type = "file"; filename = "{dir}/log"; level = "error"; }}
worker "rspamd_proxy" {{
  bind_socket = "{socket} mode=0666"; count = {workers}; milter = true;
  timeout = 60s; upstream "local" {{ default = true; self_scan = true; }}
}}
modules {{ path = "{dir}/plugins"; }}
lang_detection {{ languages = "{dir}/languages"; }}
group "policies" {{ .include "/etc/rspamd/scores.d/policies_group.conf" }}
redis {{ servers = "127.0.0.1:{redis}"; }}
spf {{ }}
dkim {{ }}
dmarc {{ }}
arc {{ sign_inbound = false; sign_local = false;
  sign_authenticated = false; }}
multimap {{ blocked {{ type = "ip"; map = "redis://bench_block";
  prefilter = true; action = "reject"; symbol = "BLOCKED"; }} }}
milter_headers {{ use = ["authentication-results"]; skip_local = false;
  routines {{ authentication-results {{ add_smtp_user = false; }} }} }}
actions {{ reject = 15; add_header = 6; greylist = 40; }}
"""

OPENDKIM = """\
Mode v
AuthservID {service}
AlwaysAddARHeader yes
Nameservers {dns}
Socket local:{socket}
UMask 000
UserID opendkim
PidFile {dir}/opendkim.pid
Syslog no
On-Default accept
"""

OPENDMARC = """\
AuthservID {service}
TrustedAuthservIDs {service}
SPFIgnoreResults true
SPFSelfValidate true
PublicSuffixList {suffixes}
RejectFailures false
Socket local:{socket}
UMask 000
UserID opendmarc
PidFile {dir}/opendmarc.pid
Syslog false
"""


class Contestant:
    """start() with a name server, stop(), sockets in the order of the MTA's
    list, pids of what it is charged for."""

    name = ""
    needs = ()

    def __init__(self, world):
        self.world = world
        self.processes = []
        self.sockets = []
        self.dns = ""

    def alive(self):
        return all(p.alive() for p in self.processes)

    def folder(self, user):
        path = self.world.path(self.world.unique(self.name.split()[0]))
        os.mkdir(path)
        shutil.chown(path, user, user if user != "nobody" else "nogroup")
        return path

    def run(self, socket, *argv, seconds=30):
        process = self.world.start(*argv)
        wait_listening(socket, process, seconds)
        self.processes.append(process)
        self.sockets.append(socket)

    def pids(self):
        out = []
        for process in self.processes:
            children = run("pgrep", "-P", str(process.pid), check=False)
            out += [process.pid] + [int(c) for c in children.split()]
        return out

    def cpu_s(self):
        return sum(table.cpu_s(pid) for pid in self.pids())

    def threads(self):
        return sum(table.threads(pid) for pid in self.pids())

    def memory(self, what):
        """KiB of "Rss" or "Pss"."""
        return sum(rollup(pid, what) for pid in self.pids())

    def stop(self):
        """With the workers, which outlive a master that is killed."""
        pids = self.pids()
        for process in self.processes:
            process.kill()
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.processes = []
        self.sockets = []


def rollup(pid, what):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        for line in file:
            if line.startswith(what + ":"):
                return int(line.split()[1])
    return 0


class Nothing(Contestant):
    """What libmilter alone costs: words are those of nothing_milter."""

    def __init__(self, world, name, *words):
        super().__init__(world)
        self.name = name
        self.words = words

    def start(self, dns):
        self.dns = dns
        path = f"{self.folder('nobody')}/sock"
        self.run(path, self.world.program("t/bench/nothing_milter"),
                 "unix:" + path, *self.words)


class Ours(Contestant):
    name = "reprieve"

    def __init__(self, world, redis, more=""):
        super().__init__(world)
        self.redis = redis
        self.more = more
        self.milter = None

    def start(self, dns):
        self.dns = dns
        self.milter = Reprieve(
            self.world, self.redis, trusted="", auth="enabled = yes",
            milter='socket_mode = "0666"', log="warning",
            more=f'dns {{ forward = {{"{dns}@53"}} }}\n{self.more}')
        path = f"{self.milter.folder}/milter.sock"
        self.milter.write(socket="unix:" + path)
        self.milter.start()
        self.processes = [self.milter.process]
        self.sockets = [path]


class Rspamd(Contestant):
    name = "rspamd"
    needs = ("rspamd",)

    def __init__(self, world, redis, workers):
        super().__init__(world)
        self.redis = redis
        self.workers = workers

    def start(self, dns):
        self.dns = dns
        folder = self.folder("_rspamd")
        path = f"{folder}/sock"
        for name in ("plugins", "languages"):
            os.mkdir(f"{folder}/{name}")
        # All languages and public suffixes would cost 20 s at each start,
        # and 100 MB.
        self.world.write(f"{folder}/suffixes", "com\nnet\norg\nexample\n")
        os.symlink(f"{LANGUAGES}/en.json", f"{folder}/languages/en.json")
        self.world.write(f"{folder}/languages/stop_words",
                         '{ "en": ["the", "of", "and"] }\n')
        for name in MODULES:
            os.symlink(f"{PLUGINS}/{name}.lua",
                       f"{folder}/plugins/{name}.lua")
        self.world.write(f"{folder}/rules.lua",
                         'require "global_functions" ()\n')
        conf = self.world.write(f"{folder}/conf", RSPAMD.format(
            dir=folder, socket=path, redis=self.redis.port, dns=dns,
            workers=self.workers))
        self.run(path, "rspamd", "-f", "-c", conf, "-u", "_rspamd", "-g",
                 "_rspamd", seconds=60)


class Chain(Contestant):
    """opendkim, whose Authentication-Results opendmarc reads; opendmarc
    evaluates SPF itself and asks the servers of resolv.conf."""

    name = "opendkim+opendmarc"
    needs = ("opendkim", "opendmarc")

    def start(self, dns):
        self.dns = dns
        self.world.write("/etc/resolv.conf", f"nameserver {dns}\nsearch .\n"
                         "options timeout:2 attempts:2\n")
        for program, user, text in (("opendkim", "opendkim", OPENDKIM),
                                    ("opendmarc", "opendmarc", OPENDMARC)):
            folder = self.folder(user)
            path = f"{folder}/sock"
            conf = self.world.write(f"{folder}/conf", text.format(
                dir=folder, socket=path, dns=dns, service=SERVICE,
                suffixes=SUFFIXES))
            option = "-x" if program == "opendkim" else "-c"
            self.run(path, program, "-f", option, conf)
