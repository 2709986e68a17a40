// Files that appear complete or not at all: written under a temporary name, synced, renamed, directory synced.
#pragma once

#include <initializer_list>
#include <string>

#include "core/env.h"

namespace jitserve {

// Writes the concatenation of `pieces` to `path`, replacing what is there. When it returns ok, content and name survive
// a power cut. When it fails, or the process dies in it at any instruction, `path` is what it was before (or, after the
// rename, what it should be), and the worst that is left is a file in `scratch_directory`. `path` lies in a store; see
// SyncNames().
//
// REQUIRES: `scratch_directory` is on the same file system as `path`; both directories exist.
Status WriteFileAtomically(Env& env, const std::string& scratch_directory, const std::string& path,
                           std::initializer_list<ByteView> pieces);

// Makes `path` and its missing parents, and syncs the directories that got a new name.
Status MakeDirectories(Env& env, const std::string& path);

// Syncs the directory of a file in ROOT/<kind>/<two digits>/<file>, and the two above it. Not only the first: the
// others may have been made by a process that died before it synced them, and nobody can see that they were not.
Status SyncNames(Env& env, const std::string& path);

// "a/b/c" -> "a/b"; "c" -> "."; "/c" -> "/".
std::string ParentDirectory(const std::string& path);

}  // namespace jitserve
