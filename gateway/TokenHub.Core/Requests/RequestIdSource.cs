namespace TokenHub.Core.Requests;

/// <summary>Hands out request ids for one boot of one gateway. Thread-safe.</summary>
public sealed class RequestIdSource(int gatewayNo, int bootNo)
{
    private uint _counter;

    public int GatewayNo => gatewayNo;

    public int BootNo => bootNo;

    public RequestId Next(long unixMs) =>
        RequestId.Create(unixMs, gatewayNo, bootNo, Interlocked.Increment(ref _counter));
}
