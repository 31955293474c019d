"""What programs read of a system: libraries, devices, and of /etc names, certificates, clocks and linking only."""

__all__ = ["DEVICES", "SYSTEM"]

SYSTEM = (
    "/usr", "/lib", "/lib64", "/bin", "/sbin", "/opt", "/nix/store", "/proc", "/sys", "/dev/urandom", "/dev/random",
    *(f"/etc/{name}" for name in (
        "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "timezone", "passwd", "group", "nsswitch.conf",
        "hosts", "host.conf", "resolv.conf", "gai.conf", "services", "protocols", "ssl", "ca-certificates", "pki",
        "alternatives", "mime.types", "os-release", "locale.alias", "fonts")),
)  # fmt: skip
# Shared memory is where numeric libraries keep semaphores and arrays of their workers; the rest are GPUs.
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/shm", "/dev/dri", "/dev/kfd")  # noqa: S108 - named to be allowed
