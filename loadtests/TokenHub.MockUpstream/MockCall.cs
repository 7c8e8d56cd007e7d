using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;
using TokenHub.MockUpstream.Pacing;

namespace TokenHub.MockUpstream;

/// <summary>One request; used again for the next one of the same connection.</summary>
public sealed class MockCall
{
    internal MockCall(TimerWheel wheel, MockStats stats) => Stream = new PacedStream(wheel, stats);

    internal PacedStream Stream { get; }

    public IHttpRequestFeature Request { get; private set; } = null!;

    public IHttpResponseFeature Response { get; private set; } = null!;

    public PipeReader Body { get; private set; } = null!;

    public PipeWriter Writer { get; private set; } = null!;

    public IHttpRequestLifetimeFeature Lifetime { get; private set; } = null!;

    public void Open(IFeatureCollection features)
    {
        Request = features.GetRequiredFeature<IHttpRequestFeature>();
        Response = features.GetRequiredFeature<IHttpResponseFeature>();
        Body = features.GetRequiredFeature<IRequestBodyPipeFeature>().Reader;
        Writer = features.GetRequiredFeature<IHttpResponseBodyFeature>().Writer;
        Lifetime = features.GetRequiredFeature<IHttpRequestLifetimeFeature>();
    }

    /// <summary>Answers with a body that is known whole.</summary>
    public async Task AnswerAsync(int status, string type, ReadOnlyMemory<byte> body)
    {
        Response.StatusCode = status;
        Response.Headers.ContentType = type;
        Response.Headers.ContentLength = body.Length;
        await Writer.WriteAsync(body);
    }
}
