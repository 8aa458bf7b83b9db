#include "support/ranks.hpp"

#include <algorithm>  // std::clamp
#include <cstdio>     // std::snprintf
#include <cstdlib>    // std::getenv, std::atoi
#include <limits>     // std::numeric_limits
#include <thread>     // std::thread::hardware_concurrency

#include "basin/core/parallel.hpp"      // num_threads
#include "basin/tasks/task_folder.hpp"  // read_plain_bytes, detail::fingerprint
#ifdef BASIN_USE_MPI
#include "basin/mpi/tasks.hpp"  // mpi::Session, mpi::Ranks
#endif

namespace basin::examples {

namespace {

/// What a launcher says of rank or number of ranks: Open MPI, PMIx, and the PMI of MPICH and Slurm.
int said(std::initializer_list<const char*> names, int otherwise) {
  for (const char* name : names)
    if (const char* value = std::getenv(name)) return std::atoi(value);
  return otherwise;
}
int said_rank() { return said({"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"}, -1); }

}  // namespace

#ifdef BASIN_USE_MPI
struct Ranks::Mpi {
  Mpi() : ranks(std::make_unique<mpi::Ranks>()) {
    MPI_Comm host = MPI_COMM_NULL;
    mpi::detail::check(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &host),
                       "MPI_Comm_split_type");
    mpi::detail::check(MPI_Comm_size(host, &on_host), "MPI_Comm_size");
    MPI_Comm_free(&host);
  }
  void leave(double patience) {
    ranks.reset();  // before MPI ends
    session.close(patience);
  }
  mpi::Session session;
  std::unique_ptr<mpi::Ranks> ranks;
  int on_host = 1;
};

bool Ranks::linked() { return true; }
Ranks::Ranks() {
  if (said_rank() < 0) return;
  mpi_ = std::make_unique<Mpi>();
  rank_ = mpi_->ranks->rank();
  size_ = mpi_->ranks->size();
}
const TaskRunner* Ranks::runner() const { return mpi_ && !alone_ ? mpi_->ranks.get() : nullptr; }
int Ranks::threads() const {
  if (!mpi_ || size_ == 1 || alone_) return 0;
  const auto cores = static_cast<int>(std::thread::hardware_concurrency());
  return std::clamp(cores / mpi_->on_host, 1, std::max(1, num_threads()));
}
void Ranks::leave(bool failed) {
  if (mpi_) mpi_->leave(failed ? 3 : -1);
}
#else
struct Ranks::Mpi {};

bool Ranks::linked() { return false; }
Ranks::Ranks() {
  rank_ = std::max(0, said_rank());
  size_ = std::max(1, said({"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}, rank_ + 1));
}
const TaskRunner* Ranks::runner() const { return nullptr; }
int Ranks::threads() const { return 0; }
void Ranks::leave(bool) {}
#endif
Ranks::~Ranks() = default;

std::string program_fingerprint() {
  try {
    const Bytes program = read_plain_bytes("/proc/self/exe", std::numeric_limits<std::size_t>::max());
    char digits[20];
    std::snprintf(digits, sizeof digits, "%016llx",
                  static_cast<unsigned long long>(basin::detail::fingerprint(program)));
    return digits;
  } catch (const FileError&) {
    return "";
  }
}

}  // namespace basin::examples
