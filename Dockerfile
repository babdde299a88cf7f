# One image for every role: gateway, worker, scaler, or the whole system (`up`).
#
#   docker build -t spate .                                                                        CPU
#   docker build -t spate:gpu --build-arg 'ONNXRUNTIME=onnxruntime-gpu[cuda,cudnn]==1.31.1' .      CUDA 13
#
# The images differ only by the libraries that these wheels carry; CUDA and cuDNN add about 2.1 GB. The driver's own
# library comes from the host. Needs BuildKit or podman 4 (cache mounts).

ARG BUILD_IMAGE=swift:6.3-bookworm
ARG RUN_IMAGE=debian:bookworm-slim

# --- 1. The library and the models, out of pinned wheels --------------------------------------------------------
FROM ${RUN_IMAGE} AS models
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3 python3-venv ca-certificates \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /fetch
ARG ONNXRUNTIME=onnxruntime==1.31.1
COPY cluster/setup/common.sh cluster/setup/extract.sh cluster/setup/requirements.txt ./setup/
RUN ./setup/extract.sh "${ONNXRUNTIME}" /fetch/out

# --- 2. The binary ----------------------------------------------------------------------------------------------
FROM ${BUILD_IMAGE} AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends libhiredis-dev libssl-dev zlib1g-dev pkg-config \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY Package.swift ./
COPY Sources ./Sources
# The build folder outlives the image: the next build compiles only what changed. SPATE_ONLY leaves the tests out.
RUN --mount=type=cache,id=spate-build,target=/build/.build,sharing=locked \
    SPATE_ONLY=spate swift build -c release --product spate --static-swift-stdlib -debug-info-format none -Xlinker -s \
 && install -D -m 0755 .build/release/spate /out/spate

# --- 3. What runs -----------------------------------------------------------------------------------------------
FROM ${RUN_IMAGE} AS run
# locales: models that normalise text (StringNormalizer) name en_US.UTF-8 and cannot be loaded without it.
# redis-server is for `up`, which starts a private one; the roles of compose.yaml share a Redis of their own.
RUN apt-get update \
 && apt-get install -y --no-install-recommends libhiredis0.14 libssl3 zlib1g libstdc++6 redis-server ca-certificates tzdata locales \
 && rm -rf /var/lib/apt/lists/* \
 && localedef -i en_US -f UTF-8 en_US.UTF-8 \
 && useradd --uid 10001 --create-home --home-dir /var/lib/spate spate
COPY --from=models /fetch/out/onnxruntime/ /usr/local/lib/
RUN ldconfig
COPY cluster /etc/spate/cluster
COPY --from=models /fetch/out/models/ /etc/spate/cluster/models/
COPY --from=build /out/spate /usr/local/bin/spate
USER spate
WORKDIR /var/lib/spate
EXPOSE 8000 8002
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/spate"]
CMD ["up", "--config", "/etc/spate/cluster/spate.yaml", "--host", "0.0.0.0", "--admin-host", "0.0.0.0", "--data", "/var/lib/spate"]
