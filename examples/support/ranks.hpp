// The processes that mpirun or srun started together, one of which speaks and writes.
#pragma once
#include <memory>  // std::unique_ptr
#include <string>  // std::string

#include "basin/tasks/run_tasks.hpp"  // TaskRunner

namespace basin::examples {

/// This process among those that a launcher started together; alone where there was none. A program that was
/// linked with MPI (BASIN_USE_MPI) and started by a launcher has a runner that spreads tasks over them.
class Ranks {
 public:
  /// Begins MPI if it is linked and there was a launcher.
  Ranks();
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;
  ~Ranks();

  int rank() const { return rank_; }
  int size() const { return size_; }
  /// Whether MPI is linked, so that they can work together.
  static bool linked();
  /// Whether this is the one that prints, draws and writes.
  bool first() const { return rank_ == 0; }
  /// nullptr where there was no launcher, MPI is not linked, or the first one works alone.
  const TaskRunner* runner() const;
  /// From here on the first one works without the others.
  void work_alone() { alone_ = true; }
  /// How many threads this process can have to itself: its share of the host's cores, and no more than
  /// OpenMP would take. 0, which leaves the choice to OpenMP, where it is alone.
  int threads() const;
  /// Ends MPI when all ranks are here. One that failed gives the others a few seconds, and then ends the run.
  void leave(bool failed);

 private:
  struct Mpi;
  std::unique_ptr<Mpi> mpi_;
  int rank_ = 0, size_ = 1;
  bool alone_ = false;
};

/// A fingerprint of the running program's file in hexadecimal digits, "" where it cannot be read: work kept
/// by another build is not this one's.
std::string program_fingerprint();

}  // namespace basin::examples
