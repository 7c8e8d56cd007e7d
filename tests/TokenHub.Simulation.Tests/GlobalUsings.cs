global using Xunit;
global using TokenHub.Redis;
