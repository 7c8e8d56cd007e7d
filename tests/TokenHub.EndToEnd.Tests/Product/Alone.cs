using Xunit;

namespace TokenHub.EndToEnd.Tests.Product;

/// <summary>
/// What loads all processors or measures time: one after the other, when nothing else runs beside it.
/// </summary>
[CollectionDefinition("alone", DisableParallelization = true)]
public sealed class Alone;
