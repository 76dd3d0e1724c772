# The offline encoder and the review page: nothing is downloaded when it runs. docs/how-to/docker.md shows how to use it.
FROM python:3.11-slim

WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE MANIFEST.in ./
COPY auditor auditor
COPY ui ui
# PyTorch for CPUs is a tenth of the size of the one for GPUs; leave its index out for the latter.
RUN pip install --no-cache-dir --extra-index-url https://download.pytorch.org/whl/cpu \
    -c constraints.txt '.[offline,ui,excel,postgres]'

# Any user may run it (`docker run --user`), so what libraries cache goes where anybody can write.
ENV HOME=/tmp
USER 1000
WORKDIR /data
EXPOSE 7860
ENTRYPOINT ["auditor"]
CMD ["--help"]
