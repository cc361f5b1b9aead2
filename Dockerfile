# The lab on the CPU; runs, data and promoted checkpoints outlive the container in two volumes:
#   docker build --tag lenet-lab .
#   docker run --publish 8501:8501 --volume lab:/data --volume kept:/app/checkpoints lenet-lab
FROM python:3.11-slim-bookworm

WORKDIR /app
COPY requirements.txt requirements-cpu.txt ./
RUN pip install --no-cache-dir --requirement requirements-cpu.txt
RUN useradd --create-home --uid 1000 lab && install --directory --owner lab /data
COPY . .
RUN chown --recursive lab checkpoints
USER 1000

ENV LENET_DATA_DIR=/data/datasets \
    LENET_RUNS_DIR=/data/runs \
    XDG_CACHE_HOME=/data/cache \
    MALLOC_ARENA_MAX=2 \
    STREAMLIT_SERVER_ADDRESS=0.0.0.0 \
    STREAMLIT_SERVER_HEADLESS=true \
    STREAMLIT_SERVER_BASE_URL_PATH=""
VOLUME ["/data", "/app/checkpoints"]
EXPOSE 8501
HEALTHCHECK --start-period=30s CMD ["python", "-c", "import os, urllib.request as web; web.urlopen('http://localhost:8501' + os.path.join('/', os.environ['STREAMLIT_SERVER_BASE_URL_PATH'].strip('/'), '_stcore/health'))"]
CMD ["streamlit", "run", "streamlit_app.py"]
