mkdir -p d/e/f; chmod 0 d/e/f d/e d build.sh; chmod 0 .
