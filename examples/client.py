"""Draw a circle, rest, and print what impsy answers. First `pip install python-osc`, and `impsy run`."""

import sys
import time
from math import cos, sin
from threading import Thread

from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_server import BlockingOSCUDPServer
from pythonosc.udp_client import SimpleUDPClient

to, at = map(int, sys.argv[1:3] or (6000, 6001))  # where impsy listens, and where it sends predictions
dispatcher = Dispatcher()
dispatcher.map("/prediction", lambda _, *values: print(*(f"{value:.3f}" for value in values), flush=True))
server = BlockingOSCUDPServer(("127.0.0.1", at), dispatcher)
Thread(target=server.serve_forever, daemon=True).start()

impsy = SimpleUDPClient("127.0.0.1", to)
for step in range(50):
    impsy.send_message("/interface", [0.5 + 0.4 * cos(step / 8), 0.5 + 0.4 * sin(step / 8)])
    time.sleep(0.03)
time.sleep(5)
