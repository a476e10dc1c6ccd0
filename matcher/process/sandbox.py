"""Confines a process that decodes untrusted bytes.

A camera's worker (`restrict`) reads its libraries, connects to its relay, and nothing else. A decoder of pictures
(`isolate`) opens nothing at all and makes no socket: it has its memory and the descriptors that it began with.

Two mechanisms of Linux, neither of which needs a privilege: Landlock (files, TCP ports, signals) and seccomp (kinds of
socket, dangerous system calls). Both hold for the process and all its threads until its end.

What a worker can still do, also where everything holds:

- Landlock's network rules name TCP ports and no addresses. A worker whose relay listens on 127.0.0.1:PORT could connect
  to that PORT on any other address. The kernel chooses the port at random (32768 to 60999 by default), so an attacker
  needs a listener on exactly that port.
- It may read the programs and libraries of the machine, the settings in /proc/self, and its camera's own file. Where a
  folder of sys.path is not itself a package, names (never contents) of the files beneath it can be listed.
- It may look at any file's existence, size and times (stat), which Landlock does not govern. So may a decoder.
- The file of `CpuSlots` is open in every worker, which can hold its locks; `ingest.worker.cpu_slots` waits for them
  no longer than LONGEST_WAIT.
"""

import contextlib
import errno
import importlib
import importlib.machinery
import importlib.util
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

if TYPE_CHECKING:
    from py_landlock import AccessFs

FILES_ABI, CONNECTIONS_ABI, SIGNALS_ABI = 1, 4, 6
"""The first version of Landlock's interface that governs files, connections and signals: Linux 5.13, 6.7 and 6.12."""

MEMORY_LIMIT = 3 << 30
"""Bytes of data (RLIMIT_DATA) that a process which decodes a stream may have: a hostile stream must not take the whole
machine's. Measured of workers with all models, on H.264 of noise with three faces and a key frame a second: 698 MiB at
1920×1080, 862 MiB at 3840×2160, 1,483 MiB at 7680×4320, the largest picture that is decoded."""

ROOMS = ("matcher", "ingest")
"""This project's packages that a worker may read, where they are loaded from; they need not lie in a folder of
sys.path."""

READABLE = (
    "/usr",
    "/lib",
    "/lib32",
    "/lib64",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/proc/self",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/sys/devices/system/cpu",
    "/sys/devices/system/node",
    "/dev/null",
    "/dev/random",
    "/dev/urandom",
)
"""Files besides the interpreter and its packages. ONNX Runtime and OpenBLAS read the list of processors."""

FORBIDDEN_CALLS = (
    # Other processes' memory, and descriptors.
    *("ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_open", "pidfd_getfd"),
    *("pidfd_send_signal", "kcmp", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "move_pages", "migrate_pages"),
    # Parts of the kernel with a history of faults, which nothing here uses.
    *("bpf", "perf_event_open", "io_uring_setup", "io_uring_enter", "io_uring_register", "userfaultfd"),
    *("add_key", "request_key", "keyctl", "fanotify_init", "modify_ldt", "personality", "vmsplice"),
    # Other views of the file system.
    *("mount", "umount2", "move_mount", "open_tree", "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr"),
    *("pivot_root", "chroot", "unshare", "setns", "name_to_handle_at", "open_by_handle_at", "quotactl"),
    # Changes of files that Landlock does not govern, or not in its first versions; a confined process writes none.
    *("truncate", "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat"),
    *("setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr"),
    *("utime", "utimes", "futimesat", "utimensat", "creat", "mknod", "mknodat", "mkdir", "mkdirat", "rmdir"),
    *("unlink", "unlinkat", "rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat"),
    # Objects that processes of one account share.
    *("shmget", "shmat", "msgget", "semget", "mq_open", "sched_setscheduler", "sched_setattr", "ioprio_set"),
    # Administration of the machine.
    *("init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot", "swapon", "swapoff"),
    *("acct", "syslog", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "iopl", "ioperm"),
    *("sethostname", "setdomainname"),
    # Programs, incoming connections, and socket pairs.
    *("fork", "vfork", "execve", "execveat", "bind", "listen", "accept", "accept4", "socketpair"),
)
"""Refused with EACCES for any arguments."""

OPENING_CALLS = ("open", "openat", "openat2", "socket", "connect", "memfd_create")
"""Also refused to a decoder of pictures, which then opens and connects to nothing, also without Landlock."""

_AF_INET, _AF_INET6, _SOCK_STREAM, _IPPROTO_TCP = 2, 10, 1, 6
_SOCK_TYPE_MASK = 0xF
"""The kernel's type argument of socket(2) holds SOCK_CLOEXEC and SOCK_NONBLOCK above these bits."""

_CLONE_THREAD = 0x10000
"""A flag of clone(2): a thread of this process, and no child that would outlive it."""

_MSG_FASTOPEN = 0x20000000
"""A flag of send(2) that connects without connect(2), and so without a check by Landlock."""


@dataclass(frozen=True, kw_only=True)
class Confinement:
    """The confinement of this process. files: it reads only what it needs, and writes nothing. connections: it connects
    only to the given TCP ports, and accepts none. sockets: it makes no socket but for TCP, and none of the dangerous
    calls. signals: it can end no other process. gaps: a sentence for each that does not hold, with the reason.
    """

    files: bool
    connections: bool
    sockets: bool
    signals: bool
    gaps: tuple[str, ...] = ()


def restrict(*, places: Sequence[str] = (), forbidden: Sequence[str] = ()) -> Confinement:
    """Confines this process permanently. Call it in the main thread before any other thread starts. places: the
    camera's streams. The TCP port of a URL, which must contain one, may be connected to; a file may be read, and a
    device read, written and controlled. forbidden: paths of which nothing may be read even where a folder that is
    needed contains them. A folder that is needed and lies within a forbidden one stays readable.
    """
    ports = [int(urlsplit(place).port or 0) for place in places if "://" in place]
    files = [Path(place) for place in places if "://" not in place]
    return _confine(_rules(files, [Path(place).resolve() for place in forbidden]), ports, FORBIDDEN_CALLS)


def isolate() -> Confinement:
    """Confines this process permanently to its memory and its open descriptors: it opens no file, makes no socket and
    connects to nothing. Call it in the main thread before any other thread starts, and after the import of everything
    that is needed later."""
    return _confine((), (), (*FORBIDDEN_CALLS, *OPENING_CALLS))


def _confine(rules: "Iterable[tuple[Path, AccessFs]]", ports: Sequence[int], refused: Sequence[str]) -> Confinement:
    # Prepared first and loaded last: both libraries run a program to find the C library's file.
    calls = _call_filter(refused)
    alone = len(_children(Path("/proc/self/task"))) == 1
    abi, no_landlock = _apply_landlock(rules, ports)
    filtered, no_filter = _load(calls)
    gaps = [reason for reason in (no_landlock, no_filter) if reason]
    if not alone:
        gaps.append("Another thread was running before the process was confined, and Landlock does not hold for it.")
    if 0 < abi < CONNECTIONS_ABI:
        gaps.append(f"The kernel's Landlock (version {abi}) does not govern connections: Linux 6.7 or later does.")
    return Confinement(
        files=abi >= FILES_ABI and alone,
        connections=abi >= CONNECTIONS_ABI and alone and filtered,
        sockets=filtered,
        signals=filtered or (abi >= SIGNALS_ABI and alone),
        gaps=tuple(gaps),
    )


def readable(forbidden: Sequence[Path]) -> Iterator[Path]:
    """The files and folders that the interpreter and its libraries need, without the forbidden ones."""
    packages = [Path(str(sys.modules[room].__file__)).parent for room in ROOMS if room in sys.modules]
    for place in (*map(Path, READABLE), Path(sys.prefix), Path(sys.base_prefix), *packages, *_importable()):
        if _holds(Path.exists, place):
            yield from without(place.resolve(), forbidden)


def without(folder: Path, forbidden: Sequence[Path]) -> Iterator[Path]:
    """The folder; or, if forbidden paths lie in it, its children except those. All paths are resolved."""
    if folder in forbidden:
        return
    if not any(folder in place.parents for place in forbidden):
        yield folder
        return
    for child in _children(folder):
        # A link may lead into a forbidden path; its target is allowed by its own path, or not at all.
        if not child.is_symlink():
            yield from without(child, forbidden)


def _importable() -> Iterator[Path]:
    """What can be imported from the folders of sys.path, which may hold other things too, such as a data folder."""
    suffixes = tuple(importlib.machinery.all_suffixes())
    for entry in map(Path, filter(None, sys.path)):
        if entry.is_relative_to(sys.prefix) or entry.is_relative_to(sys.base_prefix):
            continue
        if _holds(Path.is_file, entry):
            yield entry
        for child in _children(entry):
            if child.name.endswith(suffixes) or _holds(Path.is_file, child / "__init__.py"):
                yield child


def _holds(question: Callable[[Path], bool], path: Path) -> bool:
    """The result of Path.is_file and the like; false for a path in a folder that may not be entered."""
    try:
        return question(path)
    except OSError:
        return False


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _listable(forbidden: Sequence[Path]) -> Iterator[Path]:
    """Folders of sys.path that the interpreter lists whenever they have changed, to find modules in them."""
    for entry in map(Path, filter(None, sys.path)):
        if not _holds(Path.is_dir, entry):
            continue
        folder = entry.resolve()
        if not any(folder == place or folder in place.parents for place in forbidden):
            yield folder


def _apply_landlock(rules: "Iterable[tuple[Path, AccessFs]]", ports: Sequence[int]) -> tuple[int, str]:
    """The version of Landlock that holds, 0 for none, and why."""
    try:
        import py_landlock
    except ImportError:
        return 0, "The package py-landlock is not installed, so files and connections are not confined."
    # The interpreter caches here what its folders contain, also those that it may not list any more.
    importlib.util.find_spec("a_module_that_no_folder_holds")
    try:
        ruleset = py_landlock.Landlock(strict=False)
        for path, access in rules:
            # A path that this account cannot reach needs no rule.
            with contextlib.suppress(py_landlock.PathError, OSError):
                ruleset.add_path_rule(path, access=access)
        ruleset.add_net_rule(*ports, access=py_landlock.AccessNet.CONNECT_TCP)
        ruleset.apply()
    except py_landlock.LandlockError:
        return 0, "This kernel has no Landlock, or it is switched off: files and connections are not confined."
    return int(ruleset.abi_version), ""


def _rules(files: Sequence[Path], forbidden: Sequence[Path]) -> "Iterator[tuple[Path, AccessFs]]":
    from py_landlock import AccessFs

    for path in readable(forbidden):
        yield path, AccessFs.READ_FILE | AccessFs.READ_DIR if _holds(Path.is_dir, path) else AccessFs.READ_FILE
    for folder in _listable(forbidden):
        yield folder, AccessFs.READ_DIR
    for path in files:
        if _holds(Path.exists, path):
            device = stat.S_ISCHR(path.stat().st_mode)
            yield path, AccessFs.READ_FILE | (AccessFs.WRITE_FILE | AccessFs.IOCTL_DEV if device else AccessFs(0))


def _call_filter(refused: Sequence[str]) -> Any:
    """The filter of system calls, not loaded yet; None where there is no libseccomp."""
    try:
        seccomp: Any = importlib.import_module("pyseccomp")
    except (ImportError, RuntimeError, OSError):
        return None
    calls = seccomp.SyscallFilter(seccomp.ALLOW)
    calls.set_attr(seccomp.Attr.ACT_BADARCH, seccomp.KILL_PROCESS)
    calls.set_attr(seccomp.Attr.CTL_TSYNC, 1)
    for name, arguments in _refused(seccomp, refused):
        number = seccomp.resolve_syscall(seccomp.Arch.NATIVE, name)
        # -1: libseccomp does not know it, and other negative ones are not of this architecture.
        if number >= 0:
            calls.add_rule(seccomp.ERRNO(errno.EACCES), number, *arguments)
    # Its flags lie in memory, where no filter sees them. Without it the C library makes its threads by clone.
    calls.add_rule(seccomp.ERRNO(errno.ENOSYS), seccomp.resolve_syscall(seccomp.Arch.NATIVE, "clone3"))
    return calls


def _load(calls: Any) -> tuple[bool, str]:
    """True if the filter of system calls holds; if not, the reason."""
    if calls is None:
        return False, "The library libseccomp is not installed, so kinds of socket and system calls are not confined."
    try:
        calls.load()
    except OSError:
        return False, "This kernel refused the filter of system calls, so kinds of socket are not confined."
    return True, ""


def _refused(seccomp: Any, always: Sequence[str]) -> Iterator[tuple[str, Iterable[Any]]]:
    """Names of system calls, and for which arguments each is refused. always: refused whatever the arguments."""

    def argument(place: int, comparison: int, *data: int) -> tuple[Any]:
        return (seccomp.Arg(place, comparison, *data),)

    for name in always:
        yield name, ()
    for family in set(range(_AF_INET6)) - {_AF_INET}:
        yield "socket", argument(0, seccomp.EQ, family)
    yield "socket", argument(0, seccomp.GT, _AF_INET6)
    for kind in set(range(_SOCK_TYPE_MASK + 1)) - {_SOCK_STREAM}:
        yield "socket", argument(1, seccomp.MASKED_EQ, _SOCK_TYPE_MASK, kind)
    for protocol in range(1, _IPPROTO_TCP):
        yield "socket", argument(2, seccomp.EQ, protocol)
    yield "socket", argument(2, seccomp.GT, _IPPROTO_TCP)
    for name, place in (("sendto", 3), ("sendmsg", 2), ("sendmmsg", 3)):
        yield name, argument(place, seccomp.MASKED_EQ, _MSG_FASTOPEN, _MSG_FASTOPEN)
    # To this process only: os.abort and the like. The kernel's SIGPIPE and SIGKILL pass no filter.
    for name in ("kill", "tgkill"):
        yield name, argument(0, seccomp.NE, os.getpid())
    yield "tkill", ()
    yield "clone", argument(0, seccomp.MASKED_EQ, _CLONE_THREAD, 0)
    # Changes of this process only: its limits and its scheduling priority.
    yield "prlimit64", argument(0, seccomp.NE, 0)
    yield "setpriority", argument(1, seccomp.NE, 0)


def main() -> None:
    """Confines this process as a worker would be, and prints the Confinement as JSON. For `clearglass doctor`."""
    sys.stdout.buffer.write(msgspec.json.encode(restrict()))


if __name__ == "__main__":
    main()
