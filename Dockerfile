# A small image that performs: OSC on 6000/udp, WebSocket and play page on 5001, the workspace mounted.
#   docker build -t impsy .                                  performs
#   docker build -t impsy:train --build-arg EXTRAS=train .   also trains (about 2 GB more)

FROM docker.io/library/python:3.12-slim-bookworm AS build
ARG EXTRAS=
RUN python3 -m venv /opt/impsy
WORKDIR /src
COPY . .
RUN /opt/impsy/bin/pip install --no-cache-dir --disable-pip-version-check ".${EXTRAS:+[$EXTRAS]}"

FROM docker.io/library/python:3.12-slim-bookworm
ENV PATH="/opt/impsy/bin:$PATH" PYTHONUNBUFFERED=1
# libasound2 is what python-rtmidi links to; MIDI then also needs --device /dev/snd
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends libasound2 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 impsy \
    && mkdir -p /workspace/logs /workspace/models /workspace/datasets /workspace/configs \
    && chown -R impsy:impsy /workspace
COPY --from=build /opt/impsy /opt/impsy
USER 1000:1000
WORKDIR /workspace
VOLUME ["/workspace/logs", "/workspace/models", "/workspace/datasets", "/workspace/configs"]
EXPOSE 6000/udp 5001/tcp
STOPSIGNAL SIGTERM

# Asks the engine for its state as any OSC client would, and wants the bundle that answers.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["python3", "-c", "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(2); s.sendto(b'/impsy/state' + bytes(4) + b',' + bytes(3), ('127.0.0.1', 6000)); assert s.recv(65535).startswith(b'#bundle')"]

# Inside a container the loopback is nobody's: listen on every address, and let the published ports say who may come.
ENTRYPOINT ["impsy"]
CMD ["run", "--host", "0.0.0.0"]
