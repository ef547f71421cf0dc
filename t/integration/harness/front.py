# SPDX-License-Identifier: BSD-2-Clause
"""The web servers that stand in front of the portal, with the snippets that
we ship: only ports, certificate, log and the portal's address are put in.

tls() speaks to one of them as octets, so that a request can be malformed.
"""

import os
import re
import socket
import ssl
import time

from .world import run, wait_listening

NAME = "postmaster.example.net"


class Front:
    """port: where TLS is answered; plain: where http is."""

    snippet = ""
    own_log = ""

    def __init__(self, world, backend):
        self.world = world
        self.backend = backend
        self.port = world.port()
        self.plain = world.port()
        self.stem = world.unique(type(self).__name__.lower())
        self.folder = world.path(self.stem)
        os.mkdir(self.folder, 0o755)
        os.chmod(self.folder, 0o777)  # its workers are nobody
        self.access = f"{self.folder}/access.log"
        self.process = None

    def site(self):
        """Our snippet for this world. Each thing put in must be there."""
        with open(f"{self.world.srcdir}/etc/{self.snippet}",
                  encoding="utf-8") as file:
            text = file.read()
        pem, key = certificate(self.world)
        for old, new in ((f"/etc/ssl/{NAME}.pem", pem),
                         (f"/etc/ssl/{NAME}.key", key),
                         (self.own_log, self.access),
                         ("127.0.0.1:8025", f"127.0.0.1:{self.backend}"),
                         *self.ports()):
            if old not in text:
                raise AssertionError(f"etc/{self.snippet} has no {old}")
            text = text.replace(old, new)
        return text

    def ports(self):
        raise NotImplementedError

    def log(self):
        with open(self.access, encoding="latin-1") as file:
            return file.read()

    def stop(self):
        self.process.stop()


class Nginx(Front):
    snippet = "nginx.conf"
    own_log = "/var/log/nginx/reprieve.log"

    def ports(self):
        return (("listen [::]:443", f"listen [::1]:{self.port}"),
                ("listen 443", f"listen 127.0.0.1:{self.port}"),
                ("listen [::]:80", f"listen [::1]:{self.plain}"),
                ("listen 80", f"listen 127.0.0.1:{self.plain}"))

    def start(self, workers=1):
        temp = "".join(f"\t{kind}_temp_path {self.folder}/{kind};\n"
                       for kind in ("client_body", "proxy", "fastcgi", "uwsgi",
                                    "scgi"))
        conf = self.world.write(
            f"{self.stem}/nginx.conf",
            f"daemon off;\nuser nobody nogroup;\nworker_processes {workers};\n"
            f"pid {self.folder}/pid;\nerror_log {self.folder}/error.log;\n"
            "events { worker_connections 1024; }\n"
            f"http {{\n\taccess_log off;\n{temp}{self.site()}}}\n")
        self.process = self.world.start("nginx", "-p", self.folder, "-e",
                                        f"{self.folder}/error.log",
                                        "-c", conf)
        wait_listening(("127.0.0.1", self.port), self.process)
        return self


class Apache(Front):
    snippet = "apache.conf"
    own_log = "/var/log/apache2/reprieve.log"
    modules = ("mpm_event", "authz_core", "ssl", "socache_shmcb", "proxy",
               "proxy_http", "reqtimeout", "headers", "alias")

    def ports(self):
        return (("*:443", f"*:{self.port}"), ("*:80", f"*:{self.plain}"))

    def start(self):
        load = "".join(
            f"LoadModule {m}_module /usr/lib/apache2/modules/mod_{m}.so\n"
            for m in self.modules)
        conf = self.world.write(
            f"{self.stem}/apache.conf",
            f"ServerRoot {self.folder}\nServerName {NAME}\n"
            f"PidFile {self.folder}/pid\nErrorLog {self.folder}/error.log\n"
            f"DefaultRuntimeDir {self.folder}\n{load}"
            "User nobody\nGroup nogroup\n"
            f"Listen 127.0.0.1:{self.port}\nListen [::1]:{self.port}\n"
            f"Listen 127.0.0.1:{self.plain}\n{self.site()}")
        self.process = self.world.start("apache2", "-D", "FOREGROUND", "-f",
                                        conf)
        wait_listening(("127.0.0.1", self.port), self.process)
        return self


def certificate(world):
    """One of our own for this world; paths of it and of its key."""
    pem, key = world.path("front.pem"), world.path("front.key")
    if not os.path.exists(pem):
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
            f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}",
            "-keyout", key, "-out", pem)
    return pem, key


def plain(port, source="127.0.0.1"):
    """A connection without TLS."""
    target = "::1" if ":" in source else "127.0.0.1"
    return socket.create_connection((target, port), 20, (source, 0))


def tls(world, port, source="127.0.0.1"):
    """A connection with TLS, its certificate checked."""
    context = ssl.create_default_context(cafile=certificate(world)[0])
    return context.wrap_socket(plain(port, source), server_hostname=NAME)


def exchange(sock, request, seconds=20):
    """Sends all of it, reads until the other end closes or has been quiet for
    a second behind an answer; what was read."""
    answer = b""
    deadline = time.monotonic() + seconds
    try:
        sock.sendall(request)
    except OSError:
        pass  # refused before all was sent
    with sock:
        while time.monotonic() < deadline:
            sock.settimeout(1 if answer else deadline - time.monotonic())
            try:
                piece = sock.recv(65536)
            except OSError:
                break
            if not piece:
                break
            answer += piece
    return answer.decode("latin-1")


def statuses(answer):
    """The status of each answer in what was read."""
    return [int(n) for n in re.findall(r"(?m)^HTTP/1\.[01] (\d{3}) ", answer)]


def drip(sock, request, seconds=30):
    """An octet every two seconds, then "a" for ever; True once the other end
    has closed, False when it is open after that many seconds."""
    deadline = time.monotonic() + seconds
    at = 0
    sock.settimeout(2)
    with sock:
        while time.monotonic() < deadline:
            try:
                sock.sendall(request[at:at + 1] or b"a")
                if not sock.recv(4096):
                    return True
            except TimeoutError:
                pass
            except OSError:
                return True
            at += 1
    return False
