namespace TokenHub.Gateway.Settlement.Log;

/// <summary>
/// The log is damaged where it had been durable. The gateway does not start on it: a person has to look.
/// </summary>
public sealed class LogDamageException(string path, long lsn) : Exception(
    $"The log is damaged at LSN {lsn} in {path}: that record had been written durably and cannot be read. "
    + "Restore the file, or move the folder away and write its open requests off.")
{
    public long Lsn { get; } = lsn;
}
