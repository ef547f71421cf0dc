# SPDX-License-Identifier: BSD-2-Clause
"""A world of its own for one test program.

enter() starts the program again inside new mount, network, PID and UTS
namespaces (root needed): own loopback, own /etc/resolv.conf, own /dev/log.
The first process in there keeps the temporary folder and waits for the test
as its child; when either ends, the kernel kills all that is left.
"""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading

from . import wait

INSIDE = "REPRIEVE_TEST_WORLD"
# Each host of these networks is an address of our own: clients may use them.
NETWORKS = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24",
            "233.252.0.0/24", "2001:db8::/32")
HOST = "mx.example.net"


def enter():
    """Returns inside, as a World. Outside it never returns."""
    if os.environ.get(INSIDE) is None:
        if os.geteuid() != 0:
            print("Bail out! integration tests need root: they make network"
                  " and mount namespaces", flush=True)
            sys.exit(99)
        os.environ[INSIDE] = "yes"
        os.execvp("unshare", ["unshare", "-m", "-n", "-p", "-u", "-f",
                              "--kill-child", "--mount-proc",
                              sys.executable, *sys.argv])
    if os.getpid() == 1:
        _keep()
    return World(os.environ[INSIDE])


def _keep():
    """Process 1: makes the folder, reaps orphans, cleans up, never returns
    in the parent."""
    folder = tempfile.mkdtemp(prefix="reprieve-test.")
    os.chmod(folder, 0o755)
    os.environ[INSIDE] = folder
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for sig in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sig, lambda *_: _end(folder, 1))
    while True:
        pid, status = os.wait()
        if pid == child:
            _end(folder, os.waitstatus_to_exitcode(status))


def _end(folder, code):
    try:
        os.kill(-1, signal.SIGKILL)
    except ProcessLookupError:
        pass
    try:
        while True:
            os.wait()
    except ChildProcessError:
        pass
    with open("/proc/self/mounts", encoding="ascii") as file:
        mounts = [line.split()[1] for line in file]
    for path in reversed(mounts):
        if path.startswith(folder + "/"):
            subprocess.run(["umount", "-l", path], check=False)
    if os.environ.get("REPRIEVE_TEST_KEEP"):
        print(f"# kept: {folder}", flush=True)
    else:
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(code if code >= 0 else 128 - code)


class Process:
    """One started program; its output goes to a file."""

    def __init__(self, popen, name, log_path):
        self.popen = popen
        self.name = name
        self.log_path = log_path

    @property
    def pid(self):
        return self.popen.pid

    def alive(self):
        return self.popen.poll() is None

    def log(self):
        with open(self.log_path, "rb") as file:
            return file.read().decode("latin-1")

    def signal(self, number):
        if self.alive():
            self.popen.send_signal(number)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.popen.wait()

    def stop(self, seconds=12):
        """SIGTERM; returns the exit code, kills and raises when too slow."""
        self.signal(signal.SIGTERM)
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(
                f"{self.name} did not stop within {seconds} s") from None


class World:
    def __init__(self, folder):
        self.folder = folder
        self.builddir = os.path.abspath(
            os.environ.get("top_builddir", os.getcwd()))
        self.srcdir = os.path.abspath(os.environ.get(
            "top_srcdir", os.path.join(os.path.dirname(__file__), *[".."] * 3)))
        self.processes = []
        self.retired = []
        self.syslog = []
        self._names = 0
        self._port = 20000
        # postfix and sendmail look at this environment
        for name in ("MAIL_CONFIG", "LOGNAME", "MAIL_VERBOSE"):
            os.environ.pop(name, None)
        os.umask(0o022)
        self._network()
        self._files()

    # ---- making it ----

    def _network(self):
        run("ip", "link", "set", "lo", "up")
        for net in NETWORKS:
            family = "-6" if ":" in net else "-4"
            run("ip", family, "route", "add", "local", net, "dev", "lo")
        # IPv6 does not let a client bind an address by such a route alone.
        for path in ("net/ipv6/ip_nonlocal_bind", "net/ipv4/ip_nonlocal_bind"):
            with open(f"/proc/sys/{path}", "w", encoding="ascii") as file:
                file.write("1")
        # Postfix logs through a datagram socket whose reader its master must
        # start: with room for ten lines all of them can wait for each other.
        with open("/proc/sys/net/unix/max_dgram_qlen", "w",
                  encoding="ascii") as file:
            file.write("4096")
        socket.sethostname(HOST)

    def _files(self):
        """An /etc of our own: what is written there stays in here."""
        aside = self.in_memory("etc")
        for name in ("upper", "work"):
            os.mkdir(f"{aside}/{name}")
        run("mount", "-t", "overlay", "overlay", "-o",
            f"lowerdir=/etc,upperdir={aside}/upper,workdir={aside}/work",
            "/etc")
        for name, text in (
                ("resolv.conf", "nameserver 127.0.0.1\nsearch .\n"
                 "options timeout:1 attempts:1\n"),
                ("hosts", f"127.0.0.1 localhost {HOST}\n::1 localhost\n")):
            if os.path.islink(f"/etc/{name}"):
                os.unlink(f"/etc/{name}")
            self.write(f"/etc/{name}", text)

    def serve_syslog(self):
        """A /dev/log of our own: Sendmail knows no other way to log."""
        dev = self.in_memory("dev")
        for name in ("null", "zero", "full", "random", "urandom", "tty"):
            with open(f"{dev}/{name}", "w", encoding="ascii"):
                pass
            run("mount", "--bind", f"/dev/{name}", f"{dev}/{name}")
        for name in ("fd", "stdin", "stdout", "stderr"):
            os.symlink(os.readlink(f"/dev/{name}"), f"{dev}/{name}")
        os.mkdir(f"{dev}/shm", 0o1777)
        run("mount", "--rbind", dev, "/dev")
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        sock.bind("/dev/log")
        os.chmod("/dev/log", 0o666)

        def read():
            while True:
                self.syslog.append(sock.recv(65536).decode("latin-1"))

        threading.Thread(target=read, daemon=True).start()

    # ---- using it ----

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, name, text, mode=0o644):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="latin-1") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def in_memory(self, *names):
        """A folder of the world on a tmpfs, so that no disk is waited for."""
        path = self.path(*names)
        os.makedirs(path, exist_ok=True)
        run("mount", "-t", "tmpfs", "-o", "mode=755", "none", path)
        return path

    def unique(self, stem):
        self._names += 1
        return f"{stem}-{self._names}"

    def port(self):
        """A free TCP port; nobody else is in this network. Never one that
        the kernel may give to a client's end meanwhile (from 32768 on)."""
        self._port += 1
        return self._port

    def program(self, name):
        path = os.path.join(self.builddir, name)
        if not os.access(path, os.X_OK):
            raise AssertionError(f"{path} is not built: run make integration")
        return path

    def start(self, *argv, name=None, **options):
        name = self.unique(name or os.path.basename(argv[0]))
        log_path = self.path(name + ".log")
        with open(log_path, "ab") as log:
            popen = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, preexec_fn=die_with_parent,
                **options)
        process = Process(popen, name, log_path)
        self.processes.append(process)
        return process

    def close(self):
        for process in self.processes:
            process.signal(signal.SIGCONT)
            process.signal(signal.SIGKILL)
        for process in self.processes:
            process.popen.wait()


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def run(*argv, check=True, **options):
    """Runs to its end; its output as text."""
    done = subprocess.run(argv, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False,
                          timeout=options.pop("timeout", 60), **options)
    text = done.stdout.decode("latin-1")
    if check and done.returncode:
        raise AssertionError(f"{argv}: exit {done.returncode}: {text}")
    return text


def can_connect(where):
    family = socket.AF_UNIX if isinstance(where, str) else socket.AF_INET
    with socket.socket(family) as sock:
        try:
            sock.connect(where)
        except OSError:
            return False
    return True


def wait_listening(where, process=None, seconds=10):
    def ready():
        if process is not None and not process.alive():
            raise AssertionError(f"{process.name} ended: {process.log()}")
        return can_connect(where)

    wait.until(ready, f"{where} listens", seconds)
