using System.Text.Json.Serialization;
using TokenHub.Ledger.Draining;

namespace TokenHub.Ledger;

/// <summary>JSON that stands in the ledger's own columns.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, NumberHandling = JsonNumberHandling.Strict)]
[JsonSerializable(typeof(AttemptRow[]))]
internal sealed partial class LedgerJsonContext : JsonSerializerContext;
