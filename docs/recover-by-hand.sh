#!/usr/bin/env bash
# Gets one file back from a Tidemark vault without Tidemark: with tail, head, od, sha256sum, zstd and jq.
#
#   docs/recover-by-hand.sh VAULT SNAPSHOT PATH OUTPUT     writes the file at PATH, relative to the source's root, to OUTPUT
#   docs/recover-by-hand.sh VAULT SNAPSHOT PATH            lists the folder at PATH; "" is the root
#
# For vaults that are not sealed, format version 1, in a folder. docs/format.md says what each step reads. Every blob is
# checked against its id before it is used, so what is written is what was backed up, or nothing is.
set -euo pipefail

say() { printf '%s\n' "$*" >&2; }
die() { say "recover-by-hand: $*"; exit 1; }

[ $# -eq 3 ] || [ $# -eq 4 ] || die 'usage: recover-by-hand.sh VAULT SNAPSHOT PATH [OUTPUT]'
vault=$1 snapshot=$2 path=$3 output=${4-}
for tool in tail head od sha256sum zstd jq; do command -v "$tool" >/dev/null || die "$tool is not installed"; done
[ -z "$output" ] || [ ! -e "$output" ] || die "$output exists already"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# An object is a file of its key's name or, on file systems without hard links, the file .object in a folder of that name.
object() { if [ -d "$vault/$1" ]; then printf '%s' "$vault/$1/.object"; else printf '%s' "$vault/$1"; fi; }

# Bytes START to START+LENGTH of FILE. A cut file or a broken pipe gives other bytes; the checksum of the blob tells.
slice() { { tail -c "+$(($2 + 1))" "$1" || true; } 2>/dev/null | head -c "$3"; }
expand() { if [ "$1" = zstd ]; then zstd -dcq; else cat; fi; }

# 1. vault.json: can this script read the vault?
config=$(object vault.json)
[ -f "$config" ] || die "there is no vault at $vault"
[ "$(jq -r '"\(.format) \(.version) \(.sealing.kind)"' "$config")" = 'tidemark-vault 1 none' ] ||
  die "$vault has another format version, or it is sealed: use Tidemark"

# 2. The directory at the end of each pack says which blob lies where. One line for each blob, all numbers in bytes:
#    blob, pack, offset of the frame, its stored length, its codec, start of the blob in the expanded frame, its length.
table=$work/blobs
for pack in "$vault"/packs/??/*; do
  [ -e "$pack" ] || die "there are no packs in $vault"
  pack=$(object "${pack#"$vault"/}")
  [ "$(head -c 16 "$pack")" = 'tidemark-pack 1' ] && [ "$(tail -c 8 "$pack")" = tmpkend1 ] || { say "passed over, not a pack: $pack"; continue; }
  read -r stored _ codec _ < <(tail -c 24 "$pack" | head -c 16 | od -An -v --endian=little -t u4 -w16)
  tail -c $((24 + stored)) "$pack" | head -c "$stored" | expand "$([ "$codec" = 1 ] && echo zstd || echo raw)" >"$work/directory" ||
    { say "passed over, its directory is damaged: $pack"; continue; }
  jq -r --arg pack "$pack" '.frames[] | . as $frame | reduce .blobs[] as [$id, $length] ({start: 0, lines: []};
    .lines += ["\($id)\t\($pack)\t\($frame.offset)\t\($frame.stored)\t\($frame.codec)\t\(.start)\t\($length)"]
    | .start += $length) | .lines[]' "$work/directory" >>"$table"
done

declare -A where
while IFS=$'\t' read -r id place; do where[$id]+=$place$'\n'; done <"$table"

# 3. A blob: find it, cut its frame out of the pack, expand that, cut the blob out of it, check its SHA-256.
frame=none
blob() {
  local pack offset stored codec start length sum
  while IFS=$'\t' read -r pack offset stored codec start length; do
    [ -n "$pack" ] || continue
    if [ "$frame" != "$pack@$offset" ]; then
      frame="$pack@$offset"
      slice "$pack" "$offset" "$stored" | expand "$codec" >"$work/frame" || true
    fi
    slice "$work/frame" "$start" "$length" >"$work/blob" || true
    read -r sum _ < <(sha256sum "$work/blob")
    [ "$sum" != "$1" ] || return 0
    say "blob $1 in $pack is damaged"
  done <<<"${where[$1]-}"
  die "blob $1 is nowhere in $vault: try a replica"
}

# 4. From the snapshot to its root, and from there one tree for each part of the path.
[[ $snapshot =~ ^(.+)\.[0-9]{8}T[0-9]{6}Z\.[0-9a-f]{8}$ ]] || die "$snapshot is not the id of a snapshot"
record=$(object "snapshots/${BASH_REMATCH[1]}/$snapshot.json")
[ -f "$record" ] || die "there is no snapshot $snapshot; there are: $(cd "$vault/snapshots" && printf '%s ' */*)"
entry=$(jq -c '{type: "directory", tree: .root}' "$record")
while IFS= read -r -d / part; do
  [ -n "$part" ] || continue
  [ "$(jq -r .type <<<"$entry")" = directory ] || die "$path: what comes before $part is not a folder"
  blob "$(jq -r .tree <<<"$entry")"
  entry=$(jq -c --arg name "$(printf '%s' "$part" | base64 -w0)" \
    '.entries[] | select((.nameBase64 // (.name | @base64)) == $name)' "$work/blob")
  [ -n "$entry" ] || die "$path: there is no $part in this snapshot"
done <<<"$path/"

if [ -z "$output" ]; then
  [ "$(jq -r .type <<<"$entry")" = directory ] || die "$path is not a folder: say where to write it"
  blob "$(jq -r .tree <<<"$entry")"
  jq -r '.entries[] | "\(.type)\t\(.size // "-")\t\(.name // "(base64) \(.nameBase64)")"' "$work/blob"
  exit
fi
[ "$(jq -r .type <<<"$entry")" = file ] || die "$path is a $(jq -r .type <<<"$entry"): $entry"

# 5. The content: blobs in order or, for large files, chunk lists in order, each of which names blobs in order.
: >"$work/ids"
jq -r '.blobs[]?' <<<"$entry" >>"$work/ids"
for list in $(jq -r '.lists[]?' <<<"$entry"); do
  blob "$list"
  jq -r '.blobs[]' "$work/blob" >>"$work/ids"
done
: >"$work/file"
while read -r id; do
  blob "$id"
  cat "$work/blob" >>"$work/file"
done <"$work/ids"

size=$(jq -r .size <<<"$entry")
[ "$(wc -c <"$work/file")" -eq "$size" ] || die "$path has $(wc -c <"$work/file") bytes instead of $size"
cp --no-clobber "$work/file" "$output"
say "$output: $size bytes; $(jq -r '"mode \(.mode) (decimal), owner \(.uid):\(.gid), modified \(.mtime) ns since 1970"' <<<"$entry")"
