// Every layer, map, loss and optimizer of the library is one, for both scalar types. Here and not beside
// them: a file that uses few of them need not look at all.
#include "basin/basin.hpp"
#include "support/catch.hpp"

using namespace basin;

template <template <class> class L>
constexpr bool layer_of_both = Layer<L<float>>&& Layer<L<double>>;
static_assert(layer_of_both<Dense> && layer_of_both<Affine> && layer_of_both<Conv2d>);
static_assert(layer_of_both<ConvTranspose2d> && layer_of_both<UpsampleNearest> && layer_of_both<Pad2d>);
static_assert(layer_of_both<AvgPool2d> && layer_of_both<MaxPool2d> && layer_of_both<AdaptiveAvgPool2d>);
static_assert(layer_of_both<Rearrange> && layer_of_both<PixelShuffle> && layer_of_both<PixelUnshuffle>);
static_assert(layer_of_both<Crop2d> && layer_of_both<UpsampleLinear>);
static_assert(layer_of_both<ChannelAffine> && layer_of_both<PRelu>);
static_assert(layer_of_both<GroupNorm> && layer_of_both<LayerNorm> && layer_of_both<RmsNorm>);
static_assert(layer_of_both<Softmax> && layer_of_both<LogSoftmax>);
static_assert(Layer<Sum<Dense<float>, Dense<float>>> && Layer<Concat<Dense<double>, Dense<double>>>);
static_assert(layer_of_both<AnyLayer> && layer_of_both<Sequence> && layer_of_both<BranchSum> &&
              layer_of_both<BranchConcat>);
static_assert(Layer<FullyConnected<float>> && Layer<FullyConnected<double, Tanh>>);

template <class Phi>
constexpr bool library_map = InvertibleMap<Phi, float>&& InvertibleMap<Phi, double>&&
    Layer<Pointwise<float, Phi>>&& Layer<Pointwise<double, Phi>>;
static_assert(library_map<Identity> && library_map<Relu> && library_map<LeakyRelu> && library_map<Hardtanh>);
static_assert(library_map<Softsign> && library_map<Sigmoid> && library_map<Tanh> && library_map<Softplus>);
static_assert(library_map<Elu> && library_map<Selu> && library_map<ExpNeg> && library_map<SigmoidNeg>);
static_assert(library_map<Gelu> && library_map<GeluTanh> && library_map<Silu> && library_map<Mish>);
static_assert(library_map<Celu> && library_map<HardSigmoid> && library_map<HardSwish>);
static_assert(library_map<Sin> && library_map<Cosid> && library_map<Ripple>);

template <template <class> class O>
constexpr bool optimizer_of_both = Optimizer<O<float>>&& Optimizer<O<double>>;
static_assert(optimizer_of_both<Adam> && optimizer_of_both<AdamW> && optimizer_of_both<GradientDescent>);
static_assert(optimizer_of_both<RMSprop> && optimizer_of_both<Adagrad>);
static_assert(Loss<MeanSquaredError, float> && Loss<MeanSquaredError, double>);
static_assert(Loss<HalfSumOfSquares, float> && Loss<HalfSumOfSquares, double>);
static_assert(Loss<MeanAbsoluteError, float> && Loss<Huber, double> && Loss<Bce, float>);
static_assert(Loss<BceWithLogits, double> && !InputLoss<BceWithLogits, double>);
