namespace TokenHub.Chaos.Rigs;

/// <summary>A user that pays, with one key.</summary>
/// <param name="ConcurrencyMax">Requests of the account that may be open at once.</param>
internal sealed record Payer(long Account, string UserId, string Key, int ConcurrencyMax);
