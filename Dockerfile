# docker build -t kohonen2 .
# docker run kohonen2 ksom train --config-file "configs/exp1.yaml"
# docker run -p 8887:8888 kohonen2 jupyter notebook --ip 0.0.0.0 --allow-root

FROM python:3.11-slim

WORKDIR /kohonen2

# The dependencies are a layer of their own: it stays as it is when only the source changes.
COPY pyproject.toml ./
RUN python -c "import tomllib; it = tomllib.load(open('pyproject.toml', 'rb')); print(*it['build-system']['requires'], \
        *it['project']['dependencies'], *it['project']['optional-dependencies']['notebook'], sep='\n')" >/tmp/needed.txt \
    && pip install --no-cache-dir -r /tmp/needed.txt \
    && rm /tmp/needed.txt

# Whoever the container runs as (docker run --user) can write to these.
ENV HOME=/home/ksom \
    MPLCONFIGDIR=/home/ksom/matplotlib \
    NUMBA_CACHE_DIR=/home/ksom/numba
RUN useradd --uid 1000 --create-home ksom \
    && python -c "import matplotlib.font_manager" \
    && chmod -R a+rwX /home/ksom

# Editable, so that a source folder mounted here is the one that runs.
COPY . .
RUN pip install --no-cache-dir --no-deps --no-build-isolation --editable . \
    && mkdir -p logs logs2 \
    && chmod -R a+rwX .

USER ksom
EXPOSE 8888
CMD ["ksom", "--help"]
