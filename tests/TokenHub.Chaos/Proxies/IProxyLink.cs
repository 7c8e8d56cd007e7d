namespace TokenHub.Chaos.Proxies;

/// <summary>One relayed connection.</summary>
internal interface IProxyLink
{
    public Task RunAsync(CancellationToken cancel);

    /// <summary>Ends both sides with a reset.</summary>
    public void Reset();
}
