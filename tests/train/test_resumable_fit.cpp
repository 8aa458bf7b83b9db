// resumable_fit: a training that is stopped and resumed gives the bits of one in one piece.
#include "basin/train/resumable_fit.hpp"

#include <algorithm>
#include <cmath>
#ifdef __linux__
#include <sys/wait.h>  // waitpid
#include <unistd.h>    // fork, pipe, usleep

#include <csignal>
#include <cstdlib>
#include <random>
#endif

#include "basin/core/parallel.hpp"
#include "basin/layers/dense.hpp"
#include "basin/train/adam.hpp"
#include "basin/train/initial.hpp"
#include "basin/train/schedule.hpp"
#include "io/files.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace basin;

TEST_CASE("a training that is stopped and resumed gives the same bits", "[train]") {
  TempDir dir;
  const Dense<float> net(2, 2);
  const Vec<float> theta = initial_values(net, initial::normal(0, 1), 1);
  const Mat<float> x{{1, 0.5f, -1}, {0, 2, 1}};
  FitOptions options{.max_epochs = 50};
  options.schedule = schedule::step_decay(10, 0.8);
  Adam<float> whole_adam, adam;
  Model whole(net, theta);
  const FitResult expected = fit(whole, x, whole_adam, options);

  const Checkpoint checkpoint(dir / "folder" / "a.safetensors", "setting 1");
  {
    Model f(net, theta);
    FitOptions stopped = options;
    Index epochs = 0;
    stopped.observer = [&](const Epoch& e) { epochs = e.epoch; };
    stopped.cancelled = [&] { return epochs == 23; };
    const FitResult r = resumable_fit(f, x, adam, stopped, checkpoint, 0);  // saves each epoch
    CHECK(r.status == FitStatus::cancelled);
    CHECK(r.epochs == 23);
  }
  std::vector<Epoch> seen;
  const auto resume = [&](const Checkpoint& from) {
    Model f(net, theta);
    Adam<float> fresh;
    FitOptions rest = options;
    seen.clear();
    rest.observer = [&](const Epoch& e) { seen.push_back(e); };
    const FitResult r = resumable_fit(f, x, fresh, rest, from);
    CHECK(r.status == FitStatus::exhausted);
    CHECK(r.epochs == 50);
    CHECK(r.loss == expected.loss);
    CHECK(f.theta == whole.theta);
    CHECK(fresh.state().steps == whole_adam.state().steps);
    CHECK(fresh.state().values == whole_adam.state().values);
  };
  resume(checkpoint);
  CHECK(seen.front().epoch == 23);
  for (const Epoch& e : seen) {
    CHECK(e.loss == expected.history[static_cast<std::size_t>(e.epoch)].loss);
    CHECK(e.rate == expected.history[static_cast<std::size_t>(e.epoch)].rate);
  }
  resume(checkpoint);  // which has ended
  CHECK(seen.size() == 1);
  resume(Checkpoint(checkpoint.file(), "setting 2"));  // a file of another setting is not used
  CHECK(seen.size() == 51);

  // A file that is not what it says, and what cannot be resumed.
  SafeTensors<float> content;
  CHECK_FALSE(Checkpoint(dir / "none.safetensors", "").load(content));
  content.tensors = {{"theta", {{1, 5}, Vec<float>::Zero(5)}}};
  content.metadata = {{"steps", "few"}};
  checkpoint.save(content);
  const Checkpoint broken(checkpoint.file(), "setting 1");
  Model f(net, theta);
  CHECK(contains(error_of([&] { (void)resumable_fit(f, x, adam, options, broken); }),
                 "has no array \"theta\" of shape (1, 6)"));
  content.tensors[0].array = {{1, 6}, Vec<float>::Zero(6)};
  checkpoint.save(content);
  CHECK(contains(error_of([&] { (void)resumable_fit(f, x, adam, options, broken); }),
                 "remark \"steps\" is \"few\", expected a number"));
  content.metadata.clear();
  checkpoint.save(content);
  CHECK(contains(error_of([&] { (void)resumable_fit(f, x, adam, options, broken); }),
                 "has no remark \"steps\""));
  CHECK(contains(error_of([] { Checkpoint("a.txt", ""); }), "must end in .safetensors, got a.txt"));
}

TEST_CASE("minibatches that are stopped and resumed give the same bits", "[train]") {
  const Dense<float> net(2, 2);
  const Vec<float> theta = initial_values(net, initial::normal(0, 1), 1);
  const Mat<float> x{{1, 0.5f, -1, 2, 0.25f}, {0, 2, 1, -1, 1}};
  FitOptions options{.max_epochs = 40, .batch_size = 2, .seed = 7};
  options.schedule = schedule::step_decay(10, 0.8);
  double at_the_end = 0;  // the loss after 40 epochs
  for (const bool converges : {false, true}) {
    if (converges) options.loss_below = 1.3 * at_the_end;
    Adam<float> whole_adam({.learning_rate = 0.02});
    Model whole(net, theta);
    const FitResult expected = fit(whole, x, whole_adam, options);
    REQUIRE(expected.status == (converges ? FitStatus::converged : FitStatus::exhausted));
    REQUIRE(expected.epochs > 10);
    at_the_end = expected.loss;

    TempDir dir;
    const Checkpoint checkpoint(dir / "a.safetensors", "setting");
    std::vector<Epoch> seen;  // over all calls
    FitResult r;
    Vec<float> ended;
    int calls = 0, updates = 0;
    const auto go_on = [&] {
      Model f(net, theta);
      Adam<float> adam({.learning_rate = 0.02});
      FitOptions part = options;
      part.observer = [&](const Epoch& e) { seen.push_back(e); };
      // Asked after each of the 3 minibatches of an epoch and at its end: at 4 k + 3 in the middle of one.
      part.cancelled = [&] { return ++updates == (calls % 2 == 0 ? 7 : 12); };
      updates = 0;
      r = resumable_fit(f, x, adam, part, checkpoint, calls % 3 == 0 ? 0 : 60);
      ended = f.theta;
      ++calls;
      CHECK(static_cast<Index>(seen.size()) == r.epochs);  // none is lost, none is made twice
      if (r.status == FitStatus::cancelled) {
        CHECK(updates == (calls % 2 == 1 ? 7 : 12));
        CHECK(r.loss == Objective(net).value(f.theta, x, x, options.batch_size));
      }
      if (r.status != expected.status) return true;
      CHECK(f.theta == whole.theta);
      CHECK(adam.state().steps == whole_adam.state().steps);
      CHECK(adam.state().values == whole_adam.state().values);
      return false;
    };
    while (go_on()) REQUIRE(calls < 100);
    CHECK(calls > 4);
    CHECK(r.epochs == expected.epochs);
    CHECK(r.loss == expected.loss);
    REQUIRE(seen.size() == expected.history.size());
    for (std::size_t i = 0; i < seen.size(); ++i) {
      CHECK(seen[i].epoch == static_cast<Index>(i));
      CHECK(seen[i].loss == expected.history[i].loss);
      CHECK(seen[i].gradient_norm == expected.history[i].gradient_norm);
      CHECK(seen[i].rate == expected.history[i].rate);
    }
    CHECK_FALSE(go_on());  // what has ended returns at once ...
    CHECK(ended == whole.theta);
    CHECK(r.epochs == expected.epochs);
    CHECK(r.loss == expected.loss);
    if (!converges) continue;
    options.loss_below /= 100;  // ... unless more is wanted
    CHECK(go_on());
    CHECK(seen.size() > expected.history.size());
  }
}

#ifdef __linux__
namespace {

/// 60 epochs, minibatches of 2 or the full batch, saved after each; a byte into `told` for each epoch.
Vec<float> train_in_steps(const Checkpoint& file, Index batch, int told) {
  const Dense<float> net(2, 2);
  Model f(net, initial_values(net, initial::normal(0, 1), 1));
  Adam<float> adam;
  const Mat<float> x{{1, 0.5F, -1, 3}, {0, 2, 1, 1}};
  FitOptions options{.max_epochs = 60, .batch_size = batch};
  options.observer = [told](const Epoch&) {
    if (told >= 0 && write(told, "x", 1) != 1) _exit(1);
  };
  (void)resumable_fit(f, x, adam, options, file, 0);
  return f.theta;
}
/// Trains in processes that are killed after some epochs until one comes to its end. Returns the kills.
int train_under_fire(const Checkpoint& file, Index batch, std::mt19937& random) {
  for (int kills = 0;; ++kills) {
    int epochs[2];
    REQUIRE(pipe(epochs) == 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      set_num_threads(1);  // the threads of the parent are not here
      close(epochs[0]);
      (void)train_in_steps(file, batch, epochs[1]);
      _exit(0);
    }
    close(epochs[1]);
    char byte;
    for (auto left = 2 + random() % 10; left > 0 && read(epochs[0], &byte, 1) == 1; --left) {
    }
    usleep(static_cast<useconds_t>(random() % 500));
    kill(child, SIGKILL);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    close(epochs[0]);
    if (WIFEXITED(status)) {
      CHECK(WEXITSTATUS(status) == 0);
      return kills;
    }
  }
}
/// Trainings until so many processes were killed: the bits must be those of one in one piece.
void resume_after_kills(int moments) {
  std::mt19937 random(1);
  for (const Index batch : {0, 2}) {
    const TempDir once;
    const Vec<float> expected = train_in_steps(Checkpoint(once / "a.safetensors", "s"), batch, -1);
    for (int kills = 0; kills < moments;) {
      const TempDir dir;
      const Checkpoint file(dir / "a.safetensors", "s");
      const int more = train_under_fire(file, batch, random);
      kills += std::max(more, 1);
      CHECK(train_in_steps(file, batch, -1) == expected);
      CHECK(dir.count() == 1);
    }
  }
}

}  // namespace

TEST_CASE("a training that is killed at some epochs and resumed gives the same bits", "[train]") {
  resume_after_kills(10);
}

// BASIN_KILL_MOMENTS: another number.
TEST_CASE("a training that is killed 1000 times and resumed gives the same bits", "[train][slow]") {
  const char* given = std::getenv("BASIN_KILL_MOMENTS");
  resume_after_kills(given != nullptr ? std::atoi(given) : 1000);
}
#endif
