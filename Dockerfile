# One image for the three services: `docker run shop shop.customer`, shop.product or shop.order.
# The lock comes first and the source last, so that a change of the source makes one small layer.

FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv --without-pip /opt/shop
COPY requirements/image.txt /build/
# Of Swagger UI's package only what is served stays: the rest is an editor, and 20 MB of maps.
RUN python -m pip --python /opt/shop/bin/python install --quiet \
        --require-hashes --only-binary :all: --no-deps -r /build/image.txt \
    && find /opt/shop -path '*/swagger_ui/static/*' -type f ! -name LICENSE \
        ! -name swagger-ui.css ! -name swagger-ui-bundle.js ! -name favicon-32x32.png -delete
COPY src/shop /build/shop
RUN python -m compileall -q -s /build -p /opt/shop/lib/python3.13/site-packages /build/shop


FROM python:3.13-slim
# pip has done its work, and who runs the service owns no file of it.
RUN rm -rf "$(python -c 'import pip; print(*pip.__path__)')" \
        /usr/local/bin/pip* /usr/local/bin/idle* /usr/bin/pip* \
    && groupadd --system --gid 10001 shop \
    && useradd --system --uid 10001 --gid shop --home-dir /nonexistent --no-create-home \
        --shell /usr/sbin/nologin shop
COPY --from=build /opt/shop /opt/shop
COPY LICENSE /opt/shop/
COPY --from=build /build/shop /opt/shop/lib/python3.13/site-packages/shop

ENV PATH=/opt/shop/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    SHOP_HTTP_HOST=0.0.0.0 SHOP_HTTP_PORT=8080 SHOP_ADVERTISE_ADDRESS=auto SHOP_LOG_FORMAT=json
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-m", "shop.probe"]
ENTRYPOINT ["python", "-m"]
CMD ["shop.customer", "--help"]

ARG VERSION=unknown
ARG REVISION=unknown
ARG CREATED=unknown
LABEL org.opencontainers.image.title="shop" \
      org.opencontainers.image.description="A headless e-commerce backend: customer, product and order" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="docker.io/library/python:3.13-slim" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.created="$CREATED"
