using System.Text.Json.Serialization;
using TokenHub.Ledger.Requests;

namespace TokenHub.Ledger;

/// <summary>JSON that stands in the ledger's own columns.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, NumberHandling = JsonNumberHandling.Strict)]
[JsonSerializable(typeof(OldAttempt[]))]
internal sealed partial class LedgerJsonContext : JsonSerializerContext;
