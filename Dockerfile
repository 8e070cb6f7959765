# docker build -t kohonen2 .
# docker run kohonen2 ksom train --config-file "configs/exp1.yaml"
# docker run -p 8887:8888 kohonen2 jupyter notebook --ip 0.0.0.0 --allow-root
#
# The results are in /kohonen2/logs. To have them, mount a folder there, and be its owner:
# docker run --user "$(id -u):$(id -g)" -v "$PWD/logs:/kohonen2/logs" kohonen2 ksom train

FROM python:3.11-slim

ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore

WORKDIR /kohonen2

# What pyproject.toml asks for, in a layer of its own: it stays as it is when only the source changes.
# Other optional parts: docker build --build-arg EXTRAS="notebook mlflow".
ARG EXTRAS="notebook"
COPY pyproject.toml .
RUN python -c "import tomllib; asked = tomllib.load(open('pyproject.toml', 'rb')); \
extras = [asked['project']['optional-dependencies'][name] for name in '$EXTRAS'.split()]; \
print(*asked['build-system']['requires'], *asked['project']['dependencies'], *sum(extras, []), sep='\n')" \
| pip install -r /dev/stdin

# A home that any user may write to, whoever the container runs as. The list of fonts, where pictures
# are drawn, takes a while: made here, once.
ENV HOME=/home/ksom \
    MPLCONFIGDIR=/home/ksom/matplotlib \
    NUMBA_CACHE_DIR=/home/ksom/numba
RUN useradd --uid 1000 --create-home ksom \
    && { ! python -c "import matplotlib" 2> /dev/null || python -c "import matplotlib.font_manager"; } \
    && chmod -R a+rwX /home/ksom

# Editable: a source folder that is mounted here is the one that runs.
COPY . .
RUN pip install --no-deps --no-build-isolation --editable . \
    && mkdir -p logs logs2 \
    && chmod -R a+rwX .

USER ksom
EXPOSE 8888
CMD ["ksom", "--help"]
