"""A driver (`tests/clients/drivers`) under a seccomp filter that allows what an established TLS
connection takes, and kills the process for everything else. x86-64 only."""
import ctypes
import struct

from driver_by import by_http_client, drive

# read, write, close, fstat, poll, lseek, mmap, mprotect, munmap, brk, rt_sigaction, rt_sigprocmask,
# rt_sigreturn, ioctl, mremap, madvise, getpid, sendto, recvfrom, sendmsg, recvmsg, getsockname,
# getpeername, exit, fcntl, futex, clock_gettime, clock_nanosleep, exit_group, newfstatat, getrandom
ALLOWED = [0, 1, 3, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 25, 28, 39, 44, 45, 46, 47, 51, 52, 60, 72]
ALLOWED += [202, 228, 230, 231, 262, 318]
LOAD_NUMBER, EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, KILL_PROCESS = 0x7FFF0000, 0x80000000
NO_NEW_PRIVS, SECCOMP, FILTER = 38, 22, 2


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def confine():
    code = [(LOAD_NUMBER, 0, 0, 0)]
    code += [(EQUAL, len(ALLOWED) - i, 0, number) for i, number in enumerate(ALLOWED)]
    code += [(RETURN, 0, 0, KILL_PROCESS), (RETURN, 0, 0, ALLOW)]
    program = Program(len(code), b"".join(struct.pack("=HBBI", *line) for line in code))
    libc = ctypes.CDLL(None, use_errno=True)
    for call in [(NO_NEW_PRIVS, 1, 0, 0, 0), (SECCOMP, FILTER, ctypes.byref(program), 0, 0)]:
        if libc.prctl(*call):
            raise SystemExit(f"cannot confine itself: error {ctypes.get_errno()}")


def confined(call):
    """What is loaded at the first use is loaded before."""
    call(1, "-stream-2")
    call(2, "")
    confine()


call = by_http_client()
drive(lambda: call, confined)
