using System.Collections.Concurrent;

namespace TokenHub.EndToEnd.Tests.Sdk.Clients;

/// <summary>Keeps what an SDK sent and the headers it got; no SDK shows either in a stream.</summary>
public sealed class RecordingHandler() : DelegatingHandler(new SocketsHttpHandler { UseProxy = false })
{
    private readonly ConcurrentQueue<Exchange> _calls = new();

    public IReadOnlyList<Exchange> Calls => [.. _calls];

    /// <summary>The gateway's name for the last request.</summary>
    public string RequestId => _calls.Last().Header("x-request-id")
        ?? throw new InvalidOperationException("The last answer carries no x-request-id.");

    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
        var response = await base.SendAsync(request, cancellationToken);
        _calls.Enqueue(new Exchange(body, response));
        return response;
    }

    public sealed record Exchange(string Body, HttpResponseMessage Response)
    {
        public string? Header(string name) =>
            Response.Headers.TryGetValues(name, out var values) ? string.Join(',', values) : null;
    }
}
