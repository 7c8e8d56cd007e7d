namespace TokenHub.Load.Wire;

/// <summary>Takes an answer's body as it comes.</summary>
internal interface IBodySink
{
    /// <param name="bytes">The next bytes of the body; not to be kept.</param>
    /// <param name="nowNs">When they were received, on the clock of the send times.</param>
    public void Take(ReadOnlySpan<byte> bytes, long nowNs);
}
