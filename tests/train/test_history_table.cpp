// The history of a training as comma-separated values.
#include "basin/train/history_table.hpp"

#include "support/catch.hpp"

using namespace basin;

TEST_CASE("the history of a training becomes a table", "[train]") {
  const std::vector<Epoch> history = {{0, 0.5, 2, 1e-3, 0}, {1, 0.25, 1, 1e-3, 0.125}};
  CHECK(history_table(history).str() ==
        "epoch,loss,gradient_norm,rate,seconds\n0,0.5,2,0.001,0\n1,0.25,1,0.001,0.125\n");
  std::vector<Epoch> validated = history;
  validated[1].validation = 0.75;
  CHECK(history_table(validated).str() ==
        "epoch,loss,gradient_norm,rate,seconds,validation\n0,0.5,2,0.001,0,nan\n1,0.25,1,0.001,0.125,0.75\n");
  CHECK(history_table({}).str() == "epoch,loss,gradient_norm,rate,seconds\n");
}
