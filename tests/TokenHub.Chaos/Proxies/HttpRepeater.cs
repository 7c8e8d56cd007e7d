using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace TokenHub.Chaos.Proxies;

/// <summary>
/// Stands before the control plane and delivers some of the gateways' calls twice; the caller sees the second answer.
/// </summary>
internal sealed class HttpRepeater : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Random _random;
    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false });
    private readonly int _percent;
    private int _repeated;

    private HttpRepeater(WebApplication app, int percent, int seed)
    {
        (_app, _percent, _random) = (app, percent, new Random(seed));
    }

    public int Port => new Uri(_app.Urls.First()).Port;

    public int Repeated => _repeated;

    public static async Task<HttpRepeater> StartAsync(int targetPort, int percent, int seed)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var repeater = new HttpRepeater(builder.Build(), percent, seed);
        repeater._app.Run(context => repeater.RelayAsync(context, targetPort));
        await repeater._app.StartAsync();
        return repeater;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _http.Dispose();
    }

    private async Task RelayAsync(HttpContext context, int targetPort)
    {
        var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var isTwice = HttpMethods.IsPost(context.Request.Method)
            && !context.Request.Path.Value!.EndsWith("/register", StringComparison.Ordinal) && Next() < _percent;
        if (isTwice)
        {
            Interlocked.Increment(ref _repeated);
            using var first = await SendAsync(context, body.ToArray(), targetPort);
        }

        using var answer = await SendAsync(context, body.ToArray(), targetPort);
        context.Response.StatusCode = (int)answer.StatusCode;
        if (answer.Content.Headers.ContentType is { } type)
        {
            context.Response.ContentType = type.ToString();
        }

        await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
    }

    private async Task<HttpResponseMessage> SendAsync(HttpContext context, byte[] body, int targetPort)
    {
        var url = $"http://127.0.0.1:{targetPort}{context.Request.Path}{context.Request.QueryString}";
        using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), url);
        if (body.Length > 0)
        {
            request.Content = new ByteArrayContent(body);
        }

        foreach (var (name, value) in context.Request.Headers)
        {
            if (name is not ("Host" or "Content-Length" or "Transfer-Encoding")
                && !request.Headers.TryAddWithoutValidation(name, [.. value]))
            {
                request.Content?.Headers.TryAddWithoutValidation(name, [.. value]);
            }
        }

        return await _http.SendAsync(request, context.RequestAborted);
    }

    private int Next()
    {
        lock (_random)
        {
            return _random.Next(100);
        }
    }
}
