sleep 100 & kill -STOP $!; kill -STOP $$; sleep 100
