namespace TokenHub.Core.Requests;

/// <summary>Hands out request ids for one boot of one gateway. Thread-safe.</summary>
public sealed class RequestIdSource(int gatewayNo, int bootNo)
{
    private uint _counter;

    public int GatewayNo => gatewayNo;

    public int BootNo => bootNo;

    /// <summary>Counter of the id handed out last.</summary>
    public uint Last => Volatile.Read(ref _counter);

    public RequestId Next(long unixMs) =>
        RequestId.Create(unixMs, gatewayNo, bootNo, Interlocked.Increment(ref _counter));
}
