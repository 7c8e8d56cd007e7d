namespace TokenHub.ControlPlane.Options;

/// <summary>What a verification of the ledger needs.</summary>
internal sealed record VerifyOptions(
    string DatabaseConnection, string DataDir, byte[]? MasterKey, byte[]? MasterKeyOld)
{
    /// <summary>Nothing of it: a record would print its secrets.</summary>
    public override string ToString() => nameof(VerifyOptions);
}
