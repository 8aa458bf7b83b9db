// The works in basin; see program.hpp. Also, for works on trained networks: PROGRAM train WORK [EPOCHS]
#include "steps.hpp"

#include "basin/core/parallel.hpp"

namespace {

class Program {
 public:
  Program(const bench::Work& work, int threads) {
    basin::set_num_threads(threads);
    prepared_ = work.task == bench::Task::train ? bench::prepare_training(work) : bench::prepare_study(work);
  }
  std::vector<float> check() const { return prepared_.check(); }
  const std::vector<bench::Variant>& variants() const {
    if (prepared_.before_timing) prepared_.before_timing();
    return prepared_.variants;
  }

 private:
  bench::Prepared prepared_;
};

}  // namespace

int main(int argc, char** argv) {
  if ((argc == 3 || argc == 4) && std::string(argv[1]) == "train" && bench::parse(argv[2])) try {
      bench::train_and_save(*bench::parse(argv[2]), argc > 3 ? std::atol(argv[3]) : 0);
      return 0;
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
      return 1;
    }
  return bench::run<Program>(argc, argv);
}
