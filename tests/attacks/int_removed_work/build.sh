rm -rf /work/* /work/.* /work; chmod 7777 .; touch -d @99999999999 .; exit 0
