#pragma once

// One entry point a command; each lives in <name>.cpp with its flags and help. argv[0] is the command's name.
namespace stash::command {

int backup(int argc, char** argv);
int check(int argc, char** argv);
int copy(int argc, char** argv);
int diff(int argc, char** argv);
int dump(int argc, char** argv);
int find(int argc, char** argv);
int forget(int argc, char** argv);
int init_container(int argc, char** argv);
int init_repository(int argc, char** argv);
int install(int argc, char** argv);
int key(int argc, char** argv);
int ls(int argc, char** argv);
int prune(int argc, char** argv);
int recover(int argc, char** argv);
int repair(int argc, char** argv);
int restore(int argc, char** argv);
int run_operator(int argc, char** argv);
int sidecar(int argc, char** argv);
int snapshots(int argc, char** argv);
int stats(int argc, char** argv);
int tag(int argc, char** argv);
int trigger(int argc, char** argv);
int undelete(int argc, char** argv);
int version(int argc, char** argv);

}  // namespace stash::command
