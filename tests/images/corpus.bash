# corpus.bash - real archives of one small image, made by other people's tools without a network.
#
# corpus_make FOLDER makes in it:
#   umoci/           layout with tags base, two, three, each a layer more than the one before
#   buildah/         the same by buildah: layout, oci-*.tar, docker.tar; two has an added file
#   skopeo/          docker.tar (two tags), zstd/ and gzip/ layouts, oci.tar
#   plain/           layout with uncompressed layers, modern.tar (Docker 25), outer-*.tar.*
#   trees/           tars of the tree: formats of tar, sparse files, attributes
# docker.sh makes more by a real daemon.
#
# No tool stores anything outside FOLDER.

images=${BASH_SOURCE[0]%/*}

umoci_make() { # FOLDER
	local layout=$1/umoci work=$1/umoci-work tag from=base step=1
	umoci init --layout "$layout"
	umoci new --image "$layout:base"
	umoci config --image "$layout:base" --config.env PATH=/bin --config.env 'A=one two' \
		--config.workingdir /srv --config.user 1234:4321
	for tag in base two three; do
		umoci unpack --image "$layout:$from" "$work"
		python3 "$images/rootfs.py" $step "$work/rootfs"
		umoci repack --image "$layout:$tag" "$work"
		rm -rf "$work"
		from=$tag step=$((step + 1))
	done
}

# in_store FOLDER ARG... - buildah with everything of its own below FOLDER.
in_store() {
	local store=$1/buildah-store
	shift
	TMPDIR=$store/tmp buildah --root "$store/root" --runroot "$store/run" --storage-driver vfs "$@"
}

# container_step FOLDER IMAGE STEP - a working container of IMAGE with that step done; prints its id.
container_step() {
	local id
	id=$(in_store "$1" from "$2")
	python3 "$images/rootfs.py" "$3" "$(in_store "$1" mount "$id")"
	in_store "$1" umount "$id" >/dev/null
	echo "$id"
}

buildah_make() { # FOLDER
	local id
	mkdir -p "$1/buildah" "$1/buildah-store/tmp"
	echo added >"$1/buildah-store/added"
	id=$(container_step "$1" scratch 1)
	in_store "$1" config --env PATH=/bin --env 'A=one two' --workingdir /srv --user 1234:4321 "$id"
	in_store "$1" commit --quiet "$id" base
	id=$(container_step "$1" base 2)
	in_store "$1" copy --quiet --chown 5:6 "$id" "$1/buildah-store/added" /opt/deep/added
	in_store "$1" commit --quiet "$id" two
	id=$(container_step "$1" two 3)
	in_store "$1" commit --quiet --format docker "$id" three
	in_store "$1" push --quiet base "oci:$1/buildah/layout:base"
	in_store "$1" push --quiet two "oci:$1/buildah/layout:two"
	in_store "$1" push --quiet two "oci-archive:$1/buildah/oci.tar:two"
	in_store "$1" push --quiet three "docker-archive:$1/buildah/docker.tar:school/three:1"
	in_store "$1" rm --all >/dev/null
	rm -rf "$1/buildah-store"
}

skopeo_make() { # FOLDER
	local from=oci:$1/umoci:three to=$1/skopeo
	mkdir "$to"
	skopeo copy --quiet "$from" "docker-archive:$to/docker.tar:school/three:1" --additional-tag school/also:2
	skopeo copy --quiet "$from" "oci:$to/zstd:three" --dest-compress --dest-compress-format zstd
	skopeo copy --quiet "docker-archive:$to/docker.tar" "oci:$to/gzip:three"
	skopeo copy --quiet "oci:$to/zstd:three" "oci-archive:$to/oci.tar:three"
}

# What no tool here writes: uncompressed layouts, the layout of Docker 25, compressed archives.
plain_make() { # FOLDER
	python3 - "$images" "$1" <<-'END'
		import json, os, sys
		sys.path.insert(0, sys.argv[1])
		import archive, makers
		top = sys.argv[2]
		os.mkdir(top + "/plain")
		oci = makers.Oci()
		for tag in ("two", "three"):
		    made = archive.load(top + "/umoci", tag)
		    oci.tag(oci.manifest([oci.layer(x, makers.NONE) for x in made.layers], made.config), tag)
		makers.write_folder(top + "/plain/layout", oci.done())
		modern = makers.modern_docker(oci.done(), ["school/two:1", "school/three:1"])
		makers.write_tar(top + "/plain/modern.tar", modern)
		makers.write_tar(top + "/plain/outer.tar.gz", modern, makers.GZIP)
		makers.write_tar(top + "/plain/outer.tar.zst", makers.read_folder(top + "/skopeo/zstd"), makers.ZSTD)
	END
	# As people pack a layout by hand: with ./ in front, in another order.
	tar -C "$1/umoci" -cf "$1/plain/by-hand.tar" ./oci-layout ./blobs ./index.json
}

trees_make() { # FOLDER
	local tree=$1/tree to=$1/trees format
	mkdir "$tree" "$to"
	for format in 1 2 3; do python3 "$images/rootfs.py" $format "$tree"; done
	for format in 0.0 0.1 1.0; do
		tar -C "$tree" --numeric-owner --format=posix --sparse --sparse-version=$format -cf "$to/sparse-$format.tar" .
	done
	tar -C "$tree" --numeric-owner --format=posix --xattrs '--xattrs-include=*' -cf "$to/xattrs.tar" .
	tar -C "$tree" --numeric-owner --format=posix --pax-option=delete=mtime -cJf "$to/posix.tar.xz" .
	tar -C "$tree" --numeric-owner --format=gnu -czf "$to/gnu.tar.gz" .
	tar -C "$tree" --numeric-owner --format=gnu --sparse -cf "$to/gnu-sparse.tar" .
	# What ustar and v7 cannot say is left out by tar: long names, times, owners.
	tar -C "$tree" --numeric-owner --format=ustar -cf "$to/ustar.tar" ./bin ./data ./opaque ./attr ./special ./usr ./lib
	tar -C "$tree" --numeric-owner --format=v7 -cf "$to/v7.tar" bin data usr lib
	tar -C "$tree" --numeric-owner --format=oldgnu -cf "$to/oldgnu.tar" .
}

corpus_make() { # FOLDER
	# Not with &&: bash would not stop at what fails within.
	umoci_make "$1"
	buildah_make "$1"
	skopeo_make "$1"
	plain_make "$1"
	trees_make "$1"
}
