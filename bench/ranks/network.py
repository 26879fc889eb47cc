#!/usr/bin/python3
"""Machines of one network on one computer: network namespaces, each with an interface of its own, and a line of given
delay and rate from each to all others. The kernel's netem does the same where it is built in; this needs /dev/net/tun
alone. Run as root:

    network.py --machines 2 --delay-ms 1 --rate-gbit 1

Machine i is 10.77.0.i, in the namespace cryogan-i. Prints "ready", carries packets until its input ends, then takes
the namespaces away and prints packets and bytes of each machine as JSON.
"""

import argparse
import collections
import ctypes
import fcntl
import json
import os
import selectors
import struct
import subprocess
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument("--machines", type=int, default=2)
parser.add_argument("--delay-ms", type=float, default=1, help="one way")
parser.add_argument("--rate-gbit", type=float, default=1, help="of what each machine sends")
arguments = parser.parse_args()

largest = 65000  # bytes of a packet: few large ones, so that carrying them costs the processes little
set_namespace = ctypes.CDLL(None, use_errno=True).setns


def run(*command):
    subprocess.run(command, check=True)


def name_of(machine):
    return f"cryogan-{machine}"


def open_interface(machine):
    """Makes the namespace and its interface; returns where its packets are read and written."""
    name = name_of(machine)
    run("ip", "netns", "add", name)
    own = os.open("/proc/self/ns/net", os.O_RDONLY)
    other = os.open(f"/run/netns/{name}", os.O_RDONLY)
    if set_namespace(other, 0) != 0:
        raise OSError(ctypes.get_errno(), "setns")
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", b"line", IFF_TUN | IFF_NO_PI))
    set_namespace(own, 0)
    os.close(own)
    os.close(other)
    inside = ("ip", "-n", name)
    run(*inside, "link", "set", "lo", "up")
    run(*inside, "link", "set", "line", "mtu", str(largest), "txqueuelen", "1000", "up")
    run(*inside, "addr", "add", f"10.77.0.{machine}/24", "dev", "line")
    return device


machines = range(1, arguments.machines + 1)
for machine in machines:
    subprocess.run(["ip", "netns", "del", name_of(machine)], stderr=subprocess.DEVNULL)
try:
    devices = {machine: open_interface(machine) for machine in machines}
    seconds_per_byte = 8e-9 / arguments.rate_gbit
    free = dict.fromkeys(machines, 0.0)  # when the line of a machine has sent what it was given
    sent = {machine: [0, 0] for machine in machines}
    # Departures of one line are in order, but not those of all: a queue for each.
    queues = {machine: collections.deque() for machine in machines}
    ready = selectors.DefaultSelector()
    for machine, device in devices.items():
        ready.register(device, selectors.EVENT_READ, machine)
    ready.register(sys.stdin, selectors.EVENT_READ, None)
    print("ready", flush=True)
    ended = False
    while not ended:
        first = min((queue[0][0] for queue in queues.values() if queue), default=None)
        wait = None if first is None else max(0.0, first - time.monotonic())
        for key, _ in ready.select(wait):
            if key.data is None:
                ended = ended or os.read(sys.stdin.fileno(), 1) == b""
                continue
            try:
                while True:
                    packet = os.read(devices[key.data], largest + 100)
                    if packet[0] >> 4 != 4 or packet[16:19] != b"\x0a\x4d\x00" or packet[19] not in devices:
                        continue  # neighbour discovery and the like
                    begin = max(time.monotonic(), free[key.data])
                    free[key.data] = begin + len(packet) * seconds_per_byte
                    queues[key.data].append((free[key.data] + arguments.delay_ms / 1000, packet))
                    sent[key.data][0] += 1
                    sent[key.data][1] += len(packet)
            except BlockingIOError:
                pass
        now = time.monotonic()
        for queue in queues.values():
            while queue and queue[0][0] <= now:
                _, packet = queue.popleft()
                os.write(devices[packet[19]], packet)
    print(json.dumps({name_of(m): {"packets": p, "bytes": b} for m, (p, b) in sent.items()}))
finally:
    for machine in machines:
        subprocess.run(["ip", "netns", "del", name_of(machine)], stderr=subprocess.DEVNULL)
